/** Text that HAProxy's configuration cannot hold. */
export class NotConfigurable extends Error {
  override readonly name = 'NotConfigurable';
  readonly code = 'not-configurable';
  constructor(what: string, text: string, expected: string) {
    super(`${what} ${JSON.stringify(text.slice(0, 200))} cannot be given to HAProxy: expected ${expected}`);
  }
}

/** One word of the configuration, whatever is in it. */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would begin another line
  if (/[\u0000-\u001f\u007f]/.test(text))
    throw new NotConfigurable('The text', text, 'no control characters');
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}

/** One word where HAProxy would replace `%[…]` and the like: nothing of it is. */
export function quotedFormat(text: string): string {
  return quoted(text.replaceAll('%', '%%'));
}

/** An app's name as a part of a backend's and a cookie's name. */
export function checkedName(app: string): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(app)) return app;
  throw new NotConfigurable('The app name', app, 'small letters, digits and -');
}

export function checkedHost(host: string): string {
  if (/^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?$/.test(host)) return host;
  throw new NotConfigurable('The host name', host, 'a DNS name');
}

export function checkedPath(path: string): string {
  if (/^\/[\x21-\x7e]*$/.test(path)) return path;
  throw new NotConfigurable('The path', path, 'printable ASCII without spaces');
}
