import { withoutLastNewline } from '../../secrets/value.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';

/** More than any value may have; what comes after it is not waited for. */
const ENOUGH_BYTES = 1024 * 1024;

/** The value: asked for without showing it, or what standard input holds. Never an argument, which all could see. */
export async function readSecretValue(context: Context, name: string): Promise<Buffer> {
  const { stdin } = context.surroundings;
  if (stdin.isTTY !== true) return withoutLastNewline(await readAll(stdin));
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: `Value of ${name}` });
  if (isCancel(answer) || answer === undefined)
    throw new UsageError('no value was given; nothing was changed');
  return Buffer.from(answer);
}

async function readAll(stdin: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stdin) {
    pieces.push(Buffer.from(piece));
    size += piece.length;
    if (size > ENOUGH_BYTES) break;
  }
  return Buffer.concat(pieces);
}
