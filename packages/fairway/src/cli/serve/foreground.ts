import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { announce } from './announce.ts';

export interface ServePlace {
  readonly configFile: string;
  readonly stateDirectory: string;
  /** Absolute path; undefined for standard output. */
  readonly log: string | undefined;
}

/** Serves until Ctrl-C or SIGTERM, then closes in order. A second Ctrl-C ends it at once. */
export async function serveInForeground(context: Context, place: ServePlace): Promise<ExitCode> {
  const signal = context.surroundings.interruption();
  await mkdir(place.stateDirectory, { recursive: true, mode: 0o700 });
  if (place.log) await mkdir(dirname(place.log), { recursive: true, mode: 0o700 });
  const log = pino(
    { level: context.surroundings.env.FAIRWAY_DEBUG === '1' ? 'debug' : 'info' },
    pino.destination(
      place.log ? { dest: place.log, append: true, mode: 0o600, sync: true } : { dest: 1, sync: true },
    ),
  );
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

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
