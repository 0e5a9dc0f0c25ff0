import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Reads newline-delimited JSON until the stream ends; a stream that breaks ends too. */
export function onJsonLine(stream: Readable, onMessage: (message: unknown) => void, onEnd: () => void): void {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    lines.close();
    onEnd();
  };
  lines.on('line', (line) => line !== '' && onMessage(JSON.parse(line)));
  stream.on('close', end).on('end', end).on('error', end);
}

export function jsonLine(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}
