import type { App } from '../config/production.ts';

export interface SecretState {
  readonly app: string;
  readonly name: string;
  /** `missing`: named in fairway.yml without a value. `unused`: has one and is not named. */
  readonly state: 'set' | 'missing' | 'unused';
}

/** What an app names and what has a value, side by side. */
export function listSecrets(
  apps: readonly Pick<App, 'name' | 'secrets'>[],
  present: readonly { readonly app: string; readonly name: string }[],
): readonly SecretState[] {
  const has = (app: string, name: string) => present.some((one) => one.app === app && one.name === name);
  const named = apps.flatMap((app) =>
    app.secrets.map(
      (name): SecretState => ({ app: app.name, name, state: has(app.name, name) ? 'set' : 'missing' }),
    ),
  );
  const unused = present
    .filter(({ app, name }) => !named.some((one) => one.app === app && one.name === name))
    .map((one): SecretState => ({ ...one, state: 'unused' }));
  return [...named, ...unused].sort((one, other) =>
    `${one.app}/${one.name}` < `${other.app}/${other.name}` ? -1 : 1,
  );
}
