import { stripVTControlCharacters } from 'node:util';

const MAX_LINE_CHARACTERS = 2_000;
const MAX_LINES = 20_000;
/** npm ends an error with some 150 lines about its options. */
const KEPT_LINES = 300;

/**
 * A build's output, cut into lines and kept within bounds: a build can print without end. Colours are taken out, since
 * some tools print them whatever NO_COLOR says; other control characters are left to whoever shows it.
 */
export class BuildOutput {
  readonly #onLine: (line: string) => void;
  #count = 0;
  #last: string[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** The newest lines, oldest first, of the step under way. */
  get lastLines(): readonly string[] {
    return this.#last;
  }

  /** A new step has evidence of its own. */
  beginStep(): void {
    this.#last = [];
  }

  /** Fairway's own remark. */
  say(line: string): void {
    this.#onLine(line);
  }

  line(raw: string): void {
    const line = stripVTControlCharacters(raw);
    this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    this.#count += 1;
    if (this.#count <= MAX_LINES) this.#onLine(line);
    if (this.#count === MAX_LINES) this.#onLine(`(more than ${MAX_LINES} lines; the rest is not shown)`);
  }
}

/** Takes chunks of text, gives whole lines; what goes beyond the bound of a line is left out. */
export function lineCutter(onLine: (line: string) => void): { write(chunk: string): void; end(): void } {
  let rest = '';
  let cut = false;
  const emit = () => {
    // Progress bars draw over themselves: the last drawing is what a person would see.
    const line = rest.slice(rest.replace(/\r+$/, '').lastIndexOf('\r') + 1).replace(/\r+$/, '');
    onLine(cut ? `${line} …` : line);
    rest = '';
    cut = false;
  };
  return {
    write(chunk) {
      const parts = chunk.split('\n');
      for (const [index, part] of parts.entries()) {
        if (index > 0) emit();
        const room = MAX_LINE_CHARACTERS - rest.length;
        if (part.length > room) cut = true;
        rest += part.slice(0, Math.max(0, room));
      }
    },
    end() {
      if (rest !== '') emit();
    },
  };
}
