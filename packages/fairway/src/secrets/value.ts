/** What a secret's value may be: what every system passes on in one environment variable, and what can be hidden. */
const LARGEST_BYTES = 64 * 1024;
const FEWEST_CHARACTERS = 4;

/** The value that bytes stand for. Throws {@link UnfitSecret} with what is wrong, and never with the value. */
export function secretValue(bytes: Uint8Array): string {
  if (bytes.length > LARGEST_BYTES) throw new UnfitSecret('is larger than 64 kB');
  let value: string;
  try {
    value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UnfitSecret('is not UTF-8', 'encode binary data, in base64 for example');
  }
  if (value === '') throw new UnfitSecret('is empty');
  if (value.includes('\0')) throw new UnfitSecret('has a NUL in it, which no environment variable can hold');
  if (value.length < FEWEST_CHARACTERS)
    throw new UnfitSecret('has less than 4 characters', 'such a short one could not be hidden in logs');
  return value;
}

/** What `echo` and editors put behind a value is not part of it. */
export function withoutLastNewline(bytes: Buffer): Buffer {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  return bytes.subarray(0, bytes.length - end);
}

/** A value cannot be a secret's. */
export class UnfitSecret extends Error {
  override readonly name = 'UnfitSecret';
  readonly code = 'unfit-secret';
  readonly hint: string | undefined;
  constructor(reason: string, hint?: string) {
    super(`the value ${reason}`);
    this.hint = hint;
  }
}
