import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Launch } from '../../hosts.ts';
import { exitStatus, startFailure } from './exit-reason.ts';
import { LineSplitter } from './line-splitter.ts';
import { endGroup } from './process-group.ts';
import { findProcess } from './process-table.ts';
import { programOf } from './program.ts';
import type { RunMessage } from './protocol.ts';
import type { SupervisorRecord } from './record.ts';
import { isAlive, type ProcessReference } from './supervised-process.ts';

/** What a shell gives for a program that cannot be started. */
const cannotStart = 127;

/** Commands that run once: hooks and `fairway run`. They end with whoever asked for them. */
export class OneOffs {
  readonly #record: SupervisorRecord;
  readonly #stoppers = new Map<string, AbortController>();

  constructor(record: SupervisorRecord) {
    this.#record = record;
  }

  /** Ends what an earlier supervisor left: nobody reads its output any more. */
  async resume(): Promise<void> {
    const left = this.#record.content.oneOffs.filter(isAlive);
    await Promise.all(left.map((process) => endGroup(process.pid, 0)));
    this.#record.content.oneOffs = [];
  }

  /** Ends a command; one that is not known yet as soon as it comes, for requests may overtake each other. */
  stop(id: string): void {
    this.#stopper(id).abort();
  }

  stopAll(): void {
    for (const stopper of this.#stoppers.values()) stopper.abort();
  }

  /** Resolves when nothing of the command runs any more. It is ended when `signal` aborts, or by {@link stop}. */
  async run(
    id: string,
    launch: Launch,
    release: string,
    signal: AbortSignal,
    write: (message: RunMessage) => Promise<unknown>,
  ): Promise<void> {
    const stopper = this.#stopper(id);
    try {
      const exitCode = await this.#run(launch, release, AbortSignal.any([signal, stopper.signal]), write);
      await write({ exitCode });
    } finally {
      this.#stoppers.delete(id);
    }
  }

  #stopper(id: string): AbortController {
    const stopper = this.#stoppers.get(id) ?? new AbortController();
    this.#stoppers.set(id, stopper);
    return stopper;
  }

  async #run(
    launch: Launch,
    release: string,
    signal: AbortSignal,
    write: (message: RunMessage) => Promise<unknown>,
  ): Promise<number> {
    const program = programOf(launch, release);
    const refused = async (error: Error): Promise<number> => {
      await write({ line: startFailure(error, program.file, program.cwd) });
      return cannotStart;
    };
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      child = spawn(program.file, program.args, {
        cwd: program.cwd,
        env: program.env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      // Some words no system takes, and those node throws: too many (E2BIG), or an empty name of a program.
      return await refused(error as Error);
    }
    const exited = new Promise<number>((resolve, reject) => {
      child.once('exit', (code, killedBy) => resolve(exitStatus(code, killedBy)));
      child.once('error', (error) => void refused(error).then(resolve, reject));
    });
    if (child.pid === undefined) return exited;
    const reference = this.#remember(child.pid);
    const end = () => void endGroup(reference.pid, launch.stopTimeoutMs).catch(() => undefined);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const output = Promise.all([pass(child.stdout, write), pass(child.stderr, write)]);
    const exitCode = await exited;
    signal.removeEventListener('abort', end);
    // Whatever it left in the background would hold the pipes open, and outlive the one who asked.
    await endGroup(reference.pid, signal.aborted ? launch.stopTimeoutMs : 0);
    await output;
    this.#forget(reference);
    return exitCode;
  }

  #remember(pid: number): ProcessReference {
    const reference = { pid, identity: findProcess(pid)?.identity ?? '', startedAt: Date.now() };
    this.#record.content.oneOffs.push(reference);
    this.#record.saveIfPossible();
    return reference;
  }

  #forget(reference: ProcessReference): void {
    const { oneOffs } = this.#record.content;
    oneOffs.splice(oneOffs.indexOf(reference), 1);
    this.#record.saveIfPossible();
  }
}

async function pass(output: Readable, write: (message: RunMessage) => Promise<unknown>): Promise<void> {
  const splitter = new LineSplitter();
  for await (const piece of output) {
    for (const line of splitter.push(piece as Buffer)) await write({ line });
  }
  for (const line of splitter.end()) await write({ line });
}
