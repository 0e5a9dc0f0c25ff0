import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { answerHead } from './answer-headers.ts';

/** The head of an answer as text, for a connection that node:http has handed over: its own headers, then `more`. */
export function rawHead(answer: IncomingMessage, more: readonly string[]): string {
  const { headers } = answerHead(answer.rawHeaders.map((text) => Buffer.from(text, 'latin1')));
  const all = [...headers, ...more];
  let head = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
  for (let index = 0; index < all.length; index += 2) head += `${all[index]}: ${all[index + 1]}\r\n`;
  return `${head}\r\n`;
}

/** A whole answer, its end marked by the connection's end. */
export async function writeRawAnswer(
  visitor: Duplex,
  answer: IncomingMessage,
  more: readonly string[],
): Promise<void> {
  visitor.write(rawHead(answer, [...more, 'Connection', 'close']), 'latin1');
  // An aborted visitor or instance ends the tunnel anyway.
  await pipeline(answer, visitor).catch(() => {});
}
