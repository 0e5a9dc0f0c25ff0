import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Samples } from '../demo/sampler.ts';
import type { Lookout } from '../demo/tour.ts';

/** Where the role `balancer` puts the CLI of HAProxy's master process. */
const MASTER_SOCKET = '/run/fairway-balancer/master.sock';
/** Longest pause between two looks, ms; a longer one is told by {@link HaproxySampler.longestGapMs}. */
const LOOK_EVERY_MS = 20;

/**
 * Asks HAProxy itself, on its own machine, which servers of an app are up, again and again, apart from everything that
 * Fairway knows. It prints `TIME UP` for each look: its own monotonic time in ms, and how many servers take requests.
 */
const LOOKER = `
import socket, sys, time
path, backend, every = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000
def ask():
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
        line.sendall(b"@1 show stat\\n")
        text = b""
        # The answer ends with an empty line; the connection may stay open.
        while not text.endswith(b"\\n\\n") and (part := line.recv(65536)):
            text += part
    return text.decode()
while True:
    try:
        told = ask()
    except OSError:
        # HAProxy is being replaced, or gone: nothing is reported, and the pause shows in the times.
        time.sleep(0.005)
        continue
    rows = [row.split(",") for row in told.splitlines() if row.startswith(backend + ",")]
    up = sum(1 for row in rows if row[1] not in ("FRONTEND", "BACKEND") and row[17].startswith("UP"))
    print(int(time.monotonic() * 1000), up, flush=True)
    time.sleep(every)
`;

export interface HaproxySamplerPlace {
  readonly sshConfigFile: string;
  readonly machine: string;
  readonly app: string;
}

/** What HAProxy reports, sampled at least every 50 ms. */
export class HaproxySampler implements Lookout {
  readonly #looking: ChildProcess;
  #current: Samples = fresh();
  #latest = 0;
  #lastAt: number | undefined;
  longestGapMs = 0;

  private constructor(place: HaproxySamplerPlace) {
    const { sshConfigFile, machine, app } = place;
    const looker = ['python3', '-', MASTER_SOCKET, app, String(LOOK_EVERY_MS)];
    this.#looking = spawn('ssh', ['-F', sshConfigFile, machine, '--', ...looker], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#looking.stdin!.end(LOOKER);
    createInterface({ input: this.#looking.stdout! }).on('line', (line) => this.#look(line));
  }

  /** Resolves with the first look. */
  static async start(place: HaproxySamplerPlace): Promise<HaproxySampler> {
    const sampler = new HaproxySampler(place);
    const ended = sampler.#ended();
    // After the first look its end is `stop`'s.
    ended.catch(() => undefined);
    await Promise.race([once(sampler.#looking.stdout!, 'data'), ended]);
    return sampler;
  }

  take(): Samples {
    const taken = this.#current;
    this.#current = fresh();
    return taken;
  }

  async servingNow(): Promise<number> {
    await once(this.#looking.stdout!, 'data');
    return this.#latest;
  }

  async stop(): Promise<void> {
    const ended = once(this.#looking, 'exit');
    this.#looking.kill();
    await ended;
  }

  async #ended(): Promise<never> {
    const [code] = await once(this.#looking, 'exit');
    throw new Error(`HAProxy cannot be looked at: ssh ended with ${code}`);
  }

  #look(line: string): void {
    const [at, up] = line.split(' ').map(Number) as [number, number];
    if (this.#lastAt !== undefined) this.longestGapMs = Math.max(this.longestGapMs, at - this.#lastAt);
    this.#lastAt = at;
    this.#latest = up;
    this.#current = {
      minServing: Math.min(this.#current.minServing, up),
      samples: this.#current.samples + 1,
    };
  }
}

function fresh(): Samples {
  return { minServing: Number.POSITIVE_INFINITY, samples: 0 };
}
