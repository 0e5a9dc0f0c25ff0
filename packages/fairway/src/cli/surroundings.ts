import { userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';

/** All that a command may know of its process, so that tests can run commands in theirs. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Unix time, ms. */
  now(): number;
  /**
   * From the first call on, Ctrl-C, SIGTERM and SIGHUP no longer end the process but abort this signal; so does an
   * output that nobody reads any more. A second Ctrl-C ends the process as usual.
   */
  interruption(): AbortSignal;
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export function processSurroundings(): Surroundings {
  let interruption: AbortController | undefined;
  return {
    env: { USER: userName(), ...process.env },
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: Date.now,
    interruption() {
      if (!interruption) {
        const controller = new AbortController();
        interruption = controller;
        for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
          process.once(name, () => controller.abort(name));
        }
        for (const stream of [process.stdout, process.stderr]) {
          stream.once('error', () => controller.abort('EPIPE'));
        }
      }
      return interruption.signal;
    },
  };
}

/** For where USER is not set, as in a service or a container; there may be no name at all for a user's number. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
