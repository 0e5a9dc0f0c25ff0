// Apps are keys of plain objects in registries, where `constructor` would be found without being there.
export const APP_NAME = /^(?!constructor$)[a-z][a-z0-9-]{0,30}$/;
export const HOST_NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A token of RFC 9110, section 5.6.2. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** A DNS name, in ASCII: labels of RFC 1123, at most 253 characters. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => DNS_LABEL.test(label));
}

/** By the rules that `git check-ref-format --branch` documents. */
export function isBranchName(text: string): boolean {
  const parts = text.split('/');
  return (
    text !== '@' &&
    text !== 'HEAD' &&
    !text.startsWith('-') &&
    !text.endsWith('.') &&
    !text.includes('..') &&
    !text.includes('@{') &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what git refuses
    !/[\u0000-\u0020\u007f~^:?*[\\]/.test(text) &&
    parts.every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
  );
}

export type RepositoryAddress =
  | { readonly address: string }
  | { readonly expected: string; readonly suggestion?: string; readonly found?: string };

/** What `git fetch` is given: a URL, `user@host:path`, or a path. Transports that run programs are refused. */
export function checkRepository(text: string): RepositoryAddress {
  const expected = 'a git URL (https://…, ssh://…, git@host:path) or a path';
  if (text === '' || text.startsWith('-') || text.includes('::') || /\s/.test(text)) return { expected };
  if (!text.includes('://')) return { address: text };
  if (!URL.canParse(text)) return { expected };
  const url = new URL(text);
  if (!['http:', 'https:', 'ssh:', 'git:', 'file:'].includes(url.protocol)) return { expected };
  if (url.password !== '' || (url.username !== '' && url.protocol.startsWith('http'))) {
    return {
      found: 'credentials in a URL',
      expected: 'a URL without them',
      suggestion: 'Let a git credential helper or an SSH key hold them.',
    };
  }
  return { address: text };
}
