import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./state-worker.mjs', import.meta.url));

export interface StateWorker {
  readonly process: ChildProcess;
  /** The next thing it says, or undefined after it ended. */
  next(): Promise<unknown>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
}

/** Starts `state-worker.mjs`; it works on the compiled store, so `npm run build` comes first. */
export function startStateWorker(...args: readonly string[]): StateWorker {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  return {
    process: child,
    next: async () => {
      const line = await lines.next();
      return line.done ? undefined : (JSON.parse(line.value) as unknown);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
