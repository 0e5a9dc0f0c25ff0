import { nominatedByConnection } from './request-headers.ts';

/**
 * Headers of an instance's answer that concern its connection only (RFC 9110, 7.6.1), and `Trailer`: trailers are passed on
 * without being announced, for node refuses the announcement where our own framing has no place for them.
 */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const droppedLengths = new Set([...DROPPED].map((name) => name.length));

export interface AnswerHead {
  /** Flat: name, value, name, value. */
  readonly headers: string[];
  /** Undefined when the body's length is not announced. */
  readonly contentLength: number | undefined;
  /** Whether it says how long the connection is kept. */
  readonly keepAlive: boolean;
}

/** An instance's raw headers without those that concern only the connection to it. */
export function answerHead(raw: readonly Buffer[]): AnswerHead {
  const headers: string[] = [];
  let contentLength: number | undefined;
  let connection: string | undefined;
  let keepAlive = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = text(raw[index]!);
    const value = text(raw[index + 1]!);
    if (droppedLengths.has(name.length)) {
      const lower = name.toLowerCase();
      if (lower === 'connection') connection = connection === undefined ? value : `${connection},${value}`;
      else if (lower === 'keep-alive') keepAlive = value.toLowerCase().includes('timeout=');
      if (DROPPED.has(lower)) continue;
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      contentLength = Number(value);
    }
    headers.push(name, value);
  }
  const nominated = nominatedByConnection(connection?.toLowerCase());
  return { headers: nominated ? without(headers, nominated) : headers, contentLength, keepAlive };
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (!names.has(headers[index]!.toLowerCase())) kept.push(headers[index]!, headers[index + 1]!);
  }
  return kept;
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1');
}
