/** A peer's own frontend in the HAProxy that the peers share; Fairway's is another process, on other ports. */
export interface PeerFrontend {
  readonly name: string;
  readonly port: number;
  /** What is done to requests that meet a dying instance. */
  readonly retries: 'default' | 'strong';
}

export const PEER_SOCKET = '/run/bench-haproxy/admin.sock';

/** The peers' HAProxy: the same check interval and the same timeouts for all, as Fairway's own has them. */
export function peerBalancerConfig(
  frontends: readonly PeerFrontend[],
  servers: readonly { readonly name: string; readonly address: string }[],
  portOf: (frontend: PeerFrontend) => number,
): string {
  const lines = [
    'global',
    '  stats socket /run/bench-haproxy/admin.sock mode 600 level admin',
    '  maxconn 5000',
    'defaults',
    '  mode http',
    '  timeout connect 2s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  timeout queue 15s',
    '  retries 3',
  ];
  for (const frontend of frontends) {
    lines.push(
      `frontend ${frontend.name}`,
      `  bind :${frontend.port}`,
      `  default_backend ${frontend.name}`,
      `backend ${frontend.name}`,
      '  balance leastconn',
      '  option httpchk GET /health',
      '  default-server check inter 100ms rise 2 fall 2',
    );
    if (frontend.retries === 'strong')
      lines.push('  option redispatch 1', '  retry-on conn-failure empty-response');
    for (const { name, address } of servers) lines.push(`  server ${name} ${address}:${portOf(frontend)}`);
  }
  return `${lines.join('\n')}\n`;
}
