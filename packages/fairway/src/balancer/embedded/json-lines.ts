import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

/**
 * Reads newline-delimited JSON until the stream ends. A stream that breaks, and one that carries a message which cannot
 * be taken, ends too: the other side may be killed in the middle of a line.
 */
export function onJsonLine(
  stream: Duplex,
  onMessage: (message: unknown) => void,
  onEnd: (reason?: Error) => void,
): void {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let ended = false;
  const end = (reason?: Error) => {
    if (ended) return;
    ended = true;
    lines.close();
    onEnd(reason);
  };
  lines.on('line', (line) => {
    if (ended) return;
    try {
      onMessage(JSON.parse(line));
    } catch (error) {
      stream.destroy();
      end(error as Error);
    }
  });
  lines.on('error', end);
  stream
    .on('close', () => end())
    .on('end', () => end())
    .on('error', end);
}

export function jsonLine(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}
