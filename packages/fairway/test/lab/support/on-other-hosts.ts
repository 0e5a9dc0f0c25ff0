import { setTimeout as delay } from 'node:timers/promises';
import type { Balancer, Side } from '../../../src/balancer/balancer.ts';
import { execInHost, type Lab } from '../../../src/lab/lab.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SERVE = `
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", str(len(sys.argv[2])))
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
`;

/** Writes a line for each request: when it was answered, and what. */
const VISIT = `
import http.client, sys, time
while True:
    try:
        line = http.client.HTTPConnection(sys.argv[1], timeout=5)
        line.request("GET", "/", headers={"host": sys.argv[2], "cookie": sys.argv[3]})
        answer = line.getresponse()
        said = answer.read().decode() if answer.status == 200 else str(answer.status)
        line.close()
    except OSError as error:
        said = type(error).__name__
    print(int(time.time() * 1000), said, flush=True)
    time.sleep(0.02)
`;

/** A Python program that runs on one of the lab's hosts until it is stopped. */
class RemoteProgram {
  readonly unit: string;
  readonly #lab: Lab;
  readonly #host: string;

  constructor(lab: Lab, host: string, unit: string) {
    this.#lab = lab;
    this.#host = host;
    this.unit = unit;
  }

  async start(program: string, ...words: string[]): Promise<void> {
    await this.run('systemd-run', '--quiet', '--unit', this.unit, 'python3', '-c', program, ...words);
  }

  run(...words: string[]): Promise<string> {
    return execInHost(this.#lab.name, this.#host, words);
  }

  async stop(): Promise<void> {
    await this.run('systemctl', 'stop', this.unit);
  }
}

/** An instance beside each balancer, which reaches its own also where it is cut off from everything else. */
export class InstanceBesideBalancers {
  readonly #programs: readonly RemoteProgram[];
  readonly #side: Side;
  readonly #port: number;

  constructor(lab: Lab, side: Side, port: number) {
    this.#programs = lab.hosts.map(({ name }) => new RemoteProgram(lab, name, `instance-${side}`));
    this.#side = side;
    this.#port = port;
  }

  async admit(balancer: Balancer, app: string, fence: number): Promise<void> {
    const side = this.#side;
    await Promise.all(this.#programs.map((program) => program.start(SERVE, String(this.#port), side)));
    const slot = { app, instance: side, slot: 'a' as const };
    const place = { slot, host: '127.0.0.1', port: this.#port, side };
    await balancer.register({ ...place, generation: 'r1+c1' }, fence);
    await waitUntil(`the ${side} is healthy`, async () =>
      (await balancer.observe()).pools[app]!.servers.some((server) => server.side === side && server.healthy),
    );
    await balancer.admit(slot, fence);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }
}

/** Somebody who asks again and again, from one of the lab's hosts. */
export class RemoteVisitors {
  readonly #program: RemoteProgram;
  readonly #started: Promise<void>;

  constructor(lab: Lab, host: string, address: string, site: string) {
    this.#program = new RemoteProgram(lab, host, 'visitors');
    const app = site.replace(/\..*/, '');
    this.#started = this.#program.start(VISIT, address, site, `fairway-bucket-${app}=1`);
  }

  /** When the last so many answers were all from this side: what they were told so far, by the host's clock. */
  async whenAnswered(side: Side, count: number) {
    await this.#started;
    return waitUntil(
      `visitors meet the ${side}`,
      async () => {
        const said = await this.#program.run('journalctl', '-o', 'cat', '-u', this.#program.unit);
        const answers = said.split('\n').flatMap((line) => {
          const match = /^(\d{13}) (\S+)$/.exec(line);
          return match ? [{ at: Number(match[1]), from: match[2]! }] : [];
        });
        const last = answers.slice(-count);
        if (last.length < count || last.some(({ from }) => from !== side)) return false;
        return {
          lastCanaryAt: answers.findLast(({ from }) => from === 'canary')?.at ?? 0,
          requests: answers.length,
          failed: answers.filter(({ from }) => from !== 'canary' && from !== 'baseline').length,
        };
      },
      30_000,
    );
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/** Renews a share as a controller does, until the signal. */
export async function renewEach(
  balancer: Balancer,
  app: string,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { lease } = (await balancer.observe()).pools[app]!.share;
  while (!signal.aborted) {
    void balancer.renewShares([{ app, canary: lease!.canary, fence: 5 }]).catch(() => {});
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
}
