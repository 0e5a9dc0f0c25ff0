/** Where a request wants to go: the host it names and the path to ask an instance for. */
export interface Target {
  readonly host: string;
  readonly path: string;
}

/**
 * Reads the request target. The absolute form (`GET http://host/path`) overrides the Host header, as RFC 9112, 3.2.2
 * demands; undefined for any other form, such as `OPTIONS *`.
 */
export function readTarget(url: string, hostHeader: string | undefined): Target | undefined {
  if (url.charCodeAt(0) === 0x2f) return { host: hostHeader ?? '', path: url };
  const absolute = /^https?:\/\/([^/?#@\s]+)(\/[^\s]*|\?[^\s]*)?$/i.exec(url);
  if (!absolute) return undefined;
  const rest = absolute[2] ?? '/';
  return { host: absolute[1]!, path: rest.startsWith('/') ? rest : `/${rest}` };
}
