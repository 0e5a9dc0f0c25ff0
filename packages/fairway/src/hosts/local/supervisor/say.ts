import { writeSync } from 'node:fs';
import { format } from 'node:util';

/**
 * Writes to the supervisor's log, its standard error. Not by the console: on a full disk that ends the process, a moment
 * later and with an error that nobody can catch.
 */
export function say(...parts: readonly unknown[]): void {
  try {
    writeSync(process.stderr.fd, `${format(...parts)}\n`);
  } catch {
    // There is no other place to say it.
  }
}
