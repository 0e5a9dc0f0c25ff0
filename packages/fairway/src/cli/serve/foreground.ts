import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { announce } from './announce.ts';
import { makeStateDirectory } from './state-directory.ts';

export interface ServePlace {
  readonly configFile: string;
  readonly stateDirectory: string;
  /** Absolute path; undefined for standard output. */
  readonly log: string | undefined;
}

/** Characters of the log that wait for a full disk to have room again. */
const KEPT_WHILE_FULL = 1_000_000;

/** Serves until Ctrl-C or SIGTERM, then closes in order. A second Ctrl-C ends it at once. */
export async function serveInForeground(context: Context, place: ServePlace): Promise<ExitCode> {
  const signal = context.surroundings.interruption();
  makeStateDirectory(place.stateDirectory);
  if (place.log) await mkdir(dirname(place.log), { recursive: true, mode: 0o700 });
  const log = openLog(place.log, context.surroundings.env.FAIRWAY_DEBUG === '1' ? 'debug' : 'info');
  const { startControl } = await import('../../control.ts');
  const control = await startControl({
    configFile: place.configFile,
    stateDirectory: place.stateDirectory,
    log,
  });
  if (place.log) {
    await announce(context, place.stateDirectory);
    context.print(
      'Ctrl-C ends the control server; instances and balancer run on ("fairway down" ends them).',
    );
  }
  await aborted(signal);
  if (place.log && signal.reason !== 'EPIPE')
    context.print('', 'Ending the control server; what runs keeps running.');
  await control.close();
  return EXIT.success;
}

function openLog(file: string | undefined, level: 'debug' | 'info'): Logger {
  const where = file === undefined ? { dest: 1 } : { dest: file, append: true, mode: 0o600 };
  const destination = pino.destination({ ...where, sync: true, maxLength: KEPT_WHILE_FULL });
  // A log that cannot be written, as on a full disk, must not fail the request that is being logged.
  destination.on('error', () => undefined);
  return pino({ level }, destination);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
