import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Shorter values would be found by chance. */
const SHORTEST_SECRET = 8;

/** Variables that package managers take registry credentials from. */
const TOKEN_VARIABLES: readonly string[] = ['NPM_TOKEN', 'NODE_AUTH_TOKEN', 'YARN_NPM_AUTH_TOKEN'];

/** What the control server itself uses to reach package registries. */
export interface RegistryCredentials {
  /** The user's npm configuration file; it may not exist. */
  readonly userConfig: string;
  /** Variables for the build: tokens, and whatever the configuration files refer to as `${NAME}`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values that must never reach a release. */
  readonly secrets: readonly string[];
}

/** Reads the user's credentials. `appConfigurations`: the app's own `.npmrc` and `.yarnrc.yml`, which refer to variables. */
export async function registryCredentials(
  appConfigurations: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<RegistryCredentials> {
  const userConfig =
    environment.NPM_CONFIG_USERCONFIG ??
    environment.npm_config_userconfig ??
    join(environment.HOME ?? homedir(), '.npmrc');
  const configurations = [await readFile(userConfig, 'utf8').catch(() => ''), ...appConfigurations];
  const referenced = configurations.flatMap((configuration) =>
    [...configuration.matchAll(/\$\{(\w+)[^}]*\}/g)].map((match) => match[1]!),
  );
  const passed: Record<string, string> = {};
  for (const name of [...TOKEN_VARIABLES, ...referenced]) {
    const value = environment[name];
    if (value !== undefined) passed[name] = value;
  }
  const secrets = [
    ...TOKEN_VARIABLES.map((name) => passed[name]),
    ...configurations.flatMap((configuration) => secretValues(configuration, environment)),
  ].filter((value) => value !== undefined && value.length >= SHORTEST_SECRET);
  return { userConfig, environment: passed, secrets: [...new Set(secrets as string[])] };
}

/** `//registry/:_authToken=…`, `_auth=…`, `_password=…` of npm; `npmAuthToken: …` of Yarn. */
function secretValues(configuration: string, environment: NodeJS.ProcessEnv): string[] {
  return [
    ...configuration.matchAll(
      /^\s*(?:\S*:?_(?:authToken|auth|password)\s*=|npmAuth(?:Token|Ident):)\s*(.+)$/gm,
    ),
  ].map((match) =>
    match[1]!
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2')
      .replace(/\$\{(\w+)[^}]*\}/g, (_, name: string) => environment[name] ?? ''),
  );
}

/** The first of the folder's files that holds one of the secrets. Reads streams: a file may be larger than memory. */
export async function findSecret(
  folder: string,
  files: readonly string[],
  secrets: readonly string[],
): Promise<string | undefined> {
  if (secrets.length === 0) return undefined;
  const overlap = Math.max(...secrets.map((secret) => Buffer.byteLength(secret))) - 1;
  for (const file of files) {
    let tail: Buffer = Buffer.alloc(0);
    for await (const chunk of createReadStream(join(folder, file), { highWaterMark: 1024 * 1024 })) {
      const window = Buffer.concat([tail, chunk as Buffer]);
      if (secrets.some((secret) => window.includes(secret))) return file;
      tail = window.subarray(Math.max(0, window.length - overlap));
    }
  }
  return undefined;
}
