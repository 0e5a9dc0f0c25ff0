import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** How text may look on the terminal, file or pipe that it goes to. */
export interface Style {
  readonly paint: Colors;
  readonly symbols: Symbols;
  /** Width of the terminal; undefined where lines may have any length. */
  readonly columns: number | undefined;
}

export interface Symbols {
  readonly good: string;
  readonly bad: string;
  readonly notice: string;
  readonly ellipsis: string;
  readonly bar: string;
  readonly arrow: string;
}

const UNICODE: Symbols = { good: '✔', bad: '✖', notice: '!', ellipsis: '…', bar: '│', arrow: '→' };
const ASCII: Symbols = { good: 'ok', bad: '!!', notice: '!', ellipsis: '...', bar: '|', arrow: '->' };

type Environment = Readonly<Record<string, string | undefined>>;

export interface StyleQuestion {
  readonly env: Environment;
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
  /** False after `--no-color`. */
  readonly color: boolean;
}

export function chooseStyle({ env, isTerminal, columns, color }: StyleQuestion): Style {
  return {
    paint: picocolors.createColors(color && wantsColor(env, isTerminal)),
    symbols: canShowUnicode(env) ? UNICODE : ASCII,
    columns: isTerminal ? (columns ?? 80) : undefined,
  };
}

/** NO_COLOR (https://no-color.org) wins over FORCE_COLOR (Node's own convention), which wins over what the output is. */
function wantsColor(env: Environment, isTerminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return isTerminal && env.TERM !== 'dumb';
}

/** POSIX: LC_ALL, then LC_CTYPE, then LANG. The Linux console has a locale but not the glyphs. */
function canShowUnicode(env: Environment): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return /utf-?8/i.test(locale) && env.TERM !== 'linux' && env.TERM !== 'dumb';
}
