import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureSupervisor } from '../../src/hosts/local/ensure-supervisor.ts';
import { LocalHosts } from '../../src/hosts/local/local-hosts.ts';
import { findProcess, procPids } from '../../src/hosts/local/supervisor/process-table.ts';

/** After it, whatever is left is killed and the test fails. */
const shutdownTimeoutMs = 15_000;

/** A state directory of its own with a supervisor, and the proof afterwards that nothing of it is left. */
export class LocalMachine {
  readonly stateDirectory: string;
  readonly scratch: string;
  readonly hosts: LocalHosts;
  readonly #place: { stateDirectory: string; balancerProgram?: string };

  constructor(balancerProgram?: string) {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'fairway-hosts-')));
    this.stateDirectory = join(root, 'state');
    this.scratch = join(root, 'scratch');
    mkdirSync(this.scratch);
    mkdirSync(this.stateDirectory);
    this.#place = { stateDirectory: this.stateDirectory, ...(balancerProgram && { balancerProgram }) };
    this.hosts = new LocalHosts(this.#place);
  }

  supervisor() {
    return ensureSupervisor(this.#place);
  }

  async supervisorPid(): Promise<number> {
    const client = await this.supervisor();
    const { pid } = await client.status();
    await client.close();
    return pid;
  }

  /** Kills the supervisor as the kernel would when memory runs out; resolves when it is gone. */
  async killSupervisor(): Promise<void> {
    const pid = await this.supervisorPid();
    process.kill(pid, 'SIGKILL');
    while (findProcess(pid)) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Stops everything and removes the folder. Throws when a process of it is still there. */
  async close(): Promise<void> {
    await this.hosts.close();
    const client = await this.supervisor();
    const unresponsive = delay(shutdownTimeoutMs, undefined, { ref: false });
    await Promise.race([client.shutdown({ stopInstances: true }), unresponsive]);
    const left = this.processes();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    rmSync(join(this.stateDirectory, '..'), { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  }

  /** Every process that has a file below our folder open, works in it, or was given it as an argument. */
  processes(): readonly number[] {
    return procPids().filter((pid) => pid !== process.pid && findProcess(pid) && this.#isOurs(pid));
  }

  #isOurs(pid: number): boolean {
    const root = join(this.stateDirectory, '..');
    try {
      const folder = `/proc/${pid}`;
      const places = [readlinkSync(`${folder}/cwd`), readlinkSync(`${folder}/fd/1`)];
      if (places.some((place) => place.startsWith(root))) return true;
      return readFileSync(`${folder}/cmdline`, 'utf8').includes(root);
    } catch {
      return false;
    }
  }
}
