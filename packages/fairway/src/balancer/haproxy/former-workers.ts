import type { HaproxyNode } from './node.ts';
import { Runtime } from './runtime.ts';
import { parseStats, type ServerStats } from './server-stats.ts';

const LOOK_DEADLINE_MS = 300;
const CUT_DEADLINE_MS = 1_000;

interface Former {
  readonly runtime: Runtime;
  /** What it said last. */
  stats: readonly ServerStats[];
}

/** Workers that were replaced by a reload, for as long as they have requests under way. */
export class FormerWorkers {
  readonly #node: HaproxyNode;
  readonly #workers = new Map<number, Former>();

  constructor(node: HaproxyNode) {
    this.#node = node;
  }

  /** What their servers still do. `processes`: what the master answers to `show proc`. */
  async look(processes: string): Promise<ServerStats[]> {
    const pids = formerWorkers(processes);
    for (const [pid, { runtime }] of this.#workers) {
      if (pids.includes(pid)) continue;
      runtime.close();
      this.#workers.delete(pid);
    }
    return (await Promise.all(pids.map((pid) => this.#lookAt(pid)))).flat();
  }

  /** Closes what goes on over these servers (`backend/name`). A worker on its way out knows commands about connections only. */
  async cut(servers: ReadonlySet<string>): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ runtime }) => cutOneByOne(runtime, servers)));
  }

  close(): void {
    for (const { runtime } of this.#workers.values()) runtime.close();
  }

  async #lookAt(pid: number): Promise<readonly ServerStats[]> {
    const former = this.#workers.get(pid) ?? { runtime: new Runtime(this.#node, `@!${pid}`), stats: [] };
    this.#workers.set(pid, former);
    const answers = await former.runtime
      .run(['show stat -1 4 -1'], LOOK_DEADLINE_MS)
      // It is busy, or about to end: what it had under way counts until the master says that it is gone.
      .catch(() => undefined);
    if (answers) former.stats = parseStats(answers.texts[0]!);
    return former.stats;
  }
}

function formerWorkers(processes: string): number[] {
  const section = /# old workers\n([\s\S]*?)\n#/.exec(`${processes}\n#`)?.[1] ?? '';
  return [...section.matchAll(/^(\d+)\s+worker/gm)].map((match) => Number(match[1]));
}

async function cutOneByOne(former: Runtime, servers: ReadonlySet<string>): Promise<void> {
  const answers = await former.run(['show sess'], CUT_DEADLINE_MS).catch(() => undefined);
  const commands = (answers?.texts[0] ?? '').split('\n').flatMap((line) => {
    const match = /^(0x[0-9a-f]+): .* be=(\S+) srv=(\S+) /.exec(line);
    return match && servers.has(`${match[2]}/${match[3]}`) ? [`shutdown session ${match[1]}`] : [];
  });
  if (commands.length > 0) await former.run(commands, CUT_DEADLINE_MS).catch(() => undefined);
}
