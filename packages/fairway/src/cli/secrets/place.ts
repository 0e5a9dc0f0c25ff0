import { relative } from 'node:path';
import { VARIABLE_NAME } from '../../config/names.ts';
import type { App, Production } from '../../config/production.ts';
import { keyFilePath } from '../../secrets/key-file.ts';
import { SecretStore } from '../../secrets/secret-store.ts';
import { closestOf } from '../closest.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';

/** The secrets of the production that the command is about. */
export interface SecretsAtHand {
  readonly production: Production;
  readonly store: SecretStore;
  readonly keyFile: string;
}

/** Reads fairway.yml even where secrets that it names have no values yet: that is what the command is for. */
export async function secretsAtHand(context: Context): Promise<SecretsAtHand> {
  const { readProductionBeforeSecrets } = await import('../../config/read.ts');
  const production = await readProductionBeforeSecrets(context.configFile(), context.stateDirectory());
  return {
    production,
    store: new SecretStore(production),
    keyFile: keyFilePath(production.name, context.surroundings.env),
  };
}

/** Throws a UsageError for an app that is not in the file, or a name that no variable can have. */
export function appNamed(production: Production, name: string, secret: string): App {
  const app = production.apps.find((candidate) => candidate.name === name);
  if (!app) {
    const known = production.apps.map((candidate) => candidate.name);
    throw new UsageError(
      `there is no app "${name}" in ${production.file}`,
      closestOf(name, known) ?? `it has: ${known.join(', ')}`,
    );
  }
  if (VARIABLE_NAME.test(secret)) return app;
  throw new UsageError(`"${secret}" is no name of an environment variable`, 'such as DATABASE_PASSWORD');
}

/** As a person here would write it. */
export function shownPath(context: Context, file: string): string {
  const path = relative(context.surroundings.cwd, file);
  return path === '' || path.startsWith('..') ? file : path;
}
