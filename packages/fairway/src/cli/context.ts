import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Whereabouts } from './client/location.ts';
import type { Client } from './client.ts';
import { UsageError } from './exit.ts';
import { chooseStyle, type Style } from './output/style.ts';
import { withIsoTimes } from './output/times.ts';
import { person } from './person.ts';
import type { Surroundings } from './surroundings.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly state?: string;
  readonly server?: string;
  readonly color: boolean;
}

/** What a command works with: where things are, the server, and how to print. */
export class Context {
  readonly surroundings: Surroundings;
  /** For what goes to standard output. */
  readonly style: Style;
  readonly #options: GlobalOptions;

  constructor(surroundings: Surroundings, options: GlobalOptions) {
    this.surroundings = surroundings;
    this.#options = options;
    const { env, stdout } = surroundings;
    this.style = chooseStyle({
      env,
      isTerminal: stdout.isTTY === true,
      columns: stdout.columns,
      color: options.color,
    });
  }

  /** A result: goes to standard output. */
  print(...lines: readonly string[]): void {
    for (const line of lines) this.surroundings.stdout.write(`${line}\n`);
  }

  /** About the command itself (a broken connection, what to do next): goes to standard error, away from the result. */
  note(...lines: readonly string[]): void {
    for (const line of lines) this.surroundings.stderr.write(`${line}\n`);
  }

  /** The API's answer for a script; times as ISO 8601. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(withIsoTimes(value), undefined, 2));
  }

  /** Absolute path of the configuration file: `--config`, or the first `fairway.yml` from here upward. */
  configFile(): string {
    const { cwd } = this.surroundings;
    if (this.#options.config !== undefined) return resolve(cwd, this.#options.config);
    const found = searchUpward(cwd);
    if (found) return found;
    throw new UsageError(
      `there is no fairway.yml in ${cwd} or a folder above it`,
      'make one with: fairway init, or name it with --config FILE',
    );
  }

  /** Where a new configuration file goes: `--config`, or `fairway.yml` here. */
  newConfigFile(): string {
    return resolve(this.surroundings.cwd, this.#options.config ?? 'fairway.yml');
  }

  /** Absolute path: `--state`, FAIRWAY_STATE, or `.fairway` beside the configuration file. */
  stateDirectory(): string {
    const given = this.#options.state ?? this.surroundings.env.FAIRWAY_STATE;
    if (given) return resolve(this.surroundings.cwd, given);
    return join(dirname(this.configFile()), '.fairway');
  }

  /** Whether the server is named by an address, and not found through its state directory. */
  get isRemote(): boolean {
    return this.#serverUrl() !== undefined;
  }

  async client(): Promise<Client> {
    const { Client } = await import('./client.ts');
    return new Client({
      whereabouts: this.#whereabouts(),
      actor: person(this.surroundings.env),
      onSilence: (message) => this.note(message),
    });
  }

  #whereabouts(): Whereabouts {
    const url = this.#serverUrl();
    if (url === undefined) return { kind: 'state', stateDirectory: this.stateDirectory() };
    if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
      throw new UsageError(
        `"${url}" is no address of a server`,
        'write it as --server http://127.0.0.1:7480, or set FAIRWAY_URL',
      );
    }
    return { kind: 'given', url, token: this.surroundings.env.FAIRWAY_TOKEN };
  }

  /** An option wins over the environment: `--state` also wins over FAIRWAY_URL. */
  #serverUrl(): string | undefined {
    if (this.#options.server !== undefined) return this.#options.server;
    return this.#options.state === undefined ? this.surroundings.env.FAIRWAY_URL || undefined : undefined;
  }
}

function searchUpward(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = join(folder, 'fairway.yml');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}
