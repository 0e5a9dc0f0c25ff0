import { z } from '@hono/zod-openapi';
import { SlotAddress } from './overview.ts';
import { Problem } from './problem.ts';

const commandExpected = 'a program and its arguments, 1 to 1000 texts';
export const RunRequest = z
  .strictObject({
    command: z
      .array(
        z.string({ error: 'text without a NUL character' }).regex(/^[^\0]*$/, 'text without a NUL character'),
        {
          error: commandExpected,
        },
      )
      .min(1, commandExpected)
      .max(1000, commandExpected),
  })
  .openapi('RunRequest');
export type RunRequest = z.input<typeof RunRequest>;

/** One line of the log stream. A failure after the stream began is its last line. */
export const LogStreamLine = z.union([z.object({ slot: SlotAddress, text: z.string() }), Problem]);
export type LogStreamLine = z.infer<typeof LogStreamLine>;

/** Lines of output, then the exit code (128 + the signal's number if a signal ended it) or what failed. */
export const RunStreamLine = z.union([
  z.object({ line: z.string() }),
  z.object({ exitCode: z.number().int() }),
  Problem,
]);
export type RunStreamLine = z.infer<typeof RunStreamLine>;

export const Health = z.object({ status: z.literal('ok'), version: z.string() }).openapi('Health');
export type Health = z.infer<typeof Health>;

export const Repository = z.object({ path: z.string() }).openapi('Repository');
export type Repository = z.infer<typeof Repository>;
