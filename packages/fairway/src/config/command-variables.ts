import { valueAt } from './finding.ts';
import type { Path } from './yaml-tree.ts';

/** Variables that every command of a release is given beside those of `env`. */
const GIVEN = ['HOME', 'LANG', 'PATH', 'FAIRWAY_APP', 'FAIRWAY_COMMIT', 'FAIRWAY_RELEASE'];

/**
 * What `${NAME}` may stand for in the command at `path`, in the document as it is written. A list of words is exact:
 * it may be a script for a shell, whose variables are its own (`any`). Undefined where there is no command.
 */
export function commandVariables(document: unknown, path: Path): readonly string[] | 'any' | undefined {
  if (path[0] !== 'apps') return undefined;
  const key = path.slice(2).join('.');
  const isHook = /^deploy\.hooks\.(before|after)_deploy/.test(key);
  const isStart = /^start(\.|$)/.test(key);
  if (!isHook && !isStart && !/^build(\.|$)/.test(key)) return undefined;
  if (typeof path.at(-1) === 'number') return 'any';
  // A build must give the same release for every environment, so it knows none.
  if (!isHook && !isStart) return [];
  const app = path.slice(0, 2);
  const env = valueAt(document, [...app, 'env']);
  const own = typeof env === 'object' && env !== null ? Object.keys(env) : [];
  const port = valueAt(document, [...app, 'port_env']) ?? 'PORT';
  const ofInstance = isStart && typeof port === 'string' ? [port, 'HOST', 'FAIRWAY_INSTANCE'] : [];
  return [...ofInstance, ...own, ...GIVEN];
}

/** Whether `name` is a secret of the app whose command or environment is at `path`, in the document as it is written. */
export function isSecretOf(document: unknown, path: Path, name: string): boolean {
  const secrets = path[0] === 'apps' ? valueAt(document, [...path.slice(0, 2), 'secrets']) : undefined;
  return Array.isArray(secrets) && secrets.includes(name);
}
