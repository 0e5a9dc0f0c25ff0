/** A peer's app under systemd. */
export function unitFile(name: string, port: number, bootMs: number): string {
  return `[Unit]
Description=${name}
[Service]
WorkingDirectory=/srv/${name}/current
ExecStart=/usr/local/bin/node server.js
Environment=PORT=${port} BOOT_MS=${bootMs}
Restart=always
`;
}

/** The HAProxy that the peers share, beside Fairway's. */
export const BALANCER_UNIT = `[Unit]
Description=HAProxy of the peers
[Service]
Type=notify
RuntimeDirectory=bench-haproxy
ExecStart=/usr/sbin/haproxy -Ws -f /etc/bench-haproxy.cfg
`;
