import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/**
 * The end of the text that `files` (oldest first) make together, beginning with the line `lines` before its end. Reads
 * from the end, so its cost grows with what it returns and not with the files. Missing files are empty. Of the newest file
 * only the bytes in `newest` count: others may append to it all the time.
 */
export function readTail(
  files: readonly string[],
  newest: { readonly from: number; readonly to: number },
  lines: number,
): Buffer {
  const chunks: Buffer[] = [];
  let newlines = 0;
  for (const chunk of chunksFromTheEnd(files, newest)) {
    chunks.unshift(chunk);
    newlines += chunk.reduce((count, byte) => (byte === newline ? count + 1 : count), 0);
    if (newlines > lines) break;
  }
  return lastLines(Buffer.concat(chunks), lines);
}

function lastLines(text: Buffer, lines: number): Buffer {
  // The last newline ends the last line; it does not begin one more.
  let start = text.at(-1) === newline ? text.length : text.length + 1;
  for (let line = 0; line < lines; line += 1) {
    if (start < 2) return text;
    start = text.lastIndexOf(newline, start - 2) + 1;
  }
  return text.subarray(Math.min(start, text.length));
}

function* chunksFromTheEnd(
  files: readonly string[],
  newest: { readonly from: number; readonly to: number },
): Generator<Buffer> {
  for (const [age, file] of files.toReversed().entries()) {
    const descriptor = openIfThere(file);
    if (descriptor === undefined) continue;
    try {
      const begin = age === 0 ? newest.from : 0;
      let end = age === 0 ? newest.to : fstatSync(descriptor).size;
      while (end > begin) {
        const from = Math.max(begin, end - chunkBytes);
        const chunk = Buffer.alloc(end - from);
        const count = readSync(descriptor, chunk, 0, chunk.length, from);
        yield chunk.subarray(0, count);
        end = from;
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

export function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
