import { type Finding, finding } from './finding.ts';
import { didYouMean, oneOf, quote } from './found.ts';
import { VARIABLE_NAME } from './names.ts';
import type { Path } from './yaml-tree.ts';

export interface ReferenceScope {
  /** Address of a host by its name; undefined for an unknown one. */
  readonly addresses: ReadonlyMap<string, string>;
  /** False when some hosts could not be read, so that a name that is unknown may be none of the file's faults. */
  readonly complete: boolean;
  /** The variables that stay for the launch to fill in: those of a command at `path`; undefined elsewhere. */
  readonly variablesAt: (path: Path) => readonly string[] | 'any' | undefined;
  readonly isSecretAt: (path: Path, name: string) => boolean;
}

const REFERENCE = /\$?\$\{([^}]*)(\}?)/g;

/**
 * The document with `${hosts.NAME.address}` replaced in every text, and `$${` turned to `${`. In commands `${VARIABLE}`
 * stays: the instance's environment is known only when it is launched.
 */
export function resolveReferences(
  document: unknown,
  scope: ReferenceScope,
): { readonly value: unknown; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];

  function resolve(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return value.includes('${') ? replace(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolve(item, [...path, key])]),
    );
  }

  function replace(text: string, path: Path): string {
    return text.replaceAll(REFERENCE, (whole, inner: string, end: string) => {
      if (whole.startsWith('$$')) return whole.slice(1);
      const variables = scope.variablesAt(path);
      const host = /^hosts\.([^.]+)\.address$/.exec(inner)?.[1];
      const address = host === undefined ? undefined : scope.addresses.get(host);
      if (address !== undefined && end !== '') return address;
      if (host === undefined && (variables === 'any' || (variables?.includes(inner) && end !== '')))
        return whole;
      if (scope.complete || host === undefined) {
        findings.push(unknownReference(path, whole, host, variables === 'any' ? undefined : variables));
      }
      return whole;
    });
  }

  function unknownReference(
    path: Path,
    whole: string,
    host: string | undefined,
    variables: readonly string[] | undefined,
  ): Finding {
    const names = [...scope.addresses.keys()];
    const inner = whole.slice(2, -1);
    if (host !== undefined && whole.endsWith('}')) {
      const known = names.length <= 8 ? oneOf(names) : `one of the ${names.length} hosts`;
      const message = `found ${quote(whole)}, but there is no host ${host}; expected ${known}`;
      return finding(path, 'value', message, didYouMean(host, names));
    }
    if (whole.endsWith('}') && scope.isSecretAt(path, inner)) {
      const message = `found the secret ${quote(whole)}, expected none here, where it would be shown to others`;
      return finding(path, 'value', message, 'Let the app read it from its environment.');
    }
    if (variables && variables.length > 0 && VARIABLE_NAME.test(inner)) {
      const message = `found ${quote(whole)}, expected a variable that the instance has: ${oneOf(variables)}`;
      return finding(path, 'value', message, didYouMean(inner, variables) ?? literal(whole));
    }
    const message = `found ${quote(whole)}, expected a reference such as \${hosts.data1.address}`;
    const property = /^hosts\.[^.]+\.(.+)$/.exec(inner)?.[1];
    const meant = property && didYouMean(property, ['address']);
    return finding(path, 'value', message, meant ?? literal(whole));
  }

  return { value: resolve(document, []), findings };
}

function literal(whole: string): string {
  return `Write ${quote(`$${whole}`)} for the text itself.`;
}
