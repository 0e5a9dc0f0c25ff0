import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut into pieces: a program that never ends a line must not fill our memory. */
const defaultLongestLine = 64 * 1024;

/** Turns pieces of output into lines of text; UTF-8 characters may be split over pieces. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #longestLine: number;
  #rest = '';

  constructor(longestLine = defaultLongestLine) {
    this.#longestLine = longestLine;
  }

  /** The lines that this piece completes. */
  push(piece: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(piece)).split('\n');
    this.#rest = lines.pop()!;
    const complete = lines.flatMap((line) => this.#cut(line)).map(withoutReturn);
    if (this.#rest.length > this.#longestLine) {
      const pieces = this.#cut(this.#rest);
      this.#rest = pieces.pop()!;
      complete.push(...pieces);
    }
    return complete;
  }

  /** What came after the last end of a line. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }

  #cut(line: string): string[] {
    if (line.length <= this.#longestLine) return [line];
    const pieces: string[] = [];
    for (let from = 0; from < line.length; from += this.#longestLine) {
      pieces.push(line.slice(from, from + this.#longestLine));
    }
    return pieces;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
