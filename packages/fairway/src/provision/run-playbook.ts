import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redactor } from '../secrets/redactor.ts';
import { findAnsible } from './ansible.ts';
import { runAnsible } from './ansible-process.ts';
import { type PlaybookEvent, parseEvent } from './events.ts';
import type { Inventory } from './inventory.ts';

/** Fairway's playbooks and roles. */
export const ANSIBLE_FOLDER = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'ansible');

const FORKS = 20;
const LAST_LINES = 20;

export interface PlaybookRun {
  /** Within {@link ANSIBLE_FOLDER}, such as `site.yml`. */
  readonly playbook: string;
  readonly inventory: Inventory;
  /** Variables that are secret, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Other variables, such as what a playbook is to do. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Names of hosts; undefined: all. */
  readonly limit?: readonly string[];
  /** Look what would change, and change nothing. */
  readonly isCheck?: boolean;
  /** Folder of the user's own roles. */
  readonly rolesPath: string;
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  onEvent(event: PlaybookEvent): void;
}

export interface PlaybookEnd {
  /** Ansible's: 0 when all went well. */
  readonly exitCode: number;
  /** The last lines that were no events: what Ansible says when it cannot even begin. */
  readonly said: readonly string[];
  /** All of the output, readable by its owner only. */
  readonly logFile: string;
}

/** Runs a playbook. Secrets go by a file (0600) that is gone afterwards; they appear in no event and no log. */
export async function runPlaybook(run: PlaybookRun): Promise<PlaybookEnd> {
  const program = await findAnsible(run.env);
  const folder = join(run.stateDirectory, 'provision');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = await mkdtemp(join(folder, 'run-'));
  const logFile = join(folder, 'ansible.log');
  const log = createWriteStream(logFile, { mode: 0o600 });
  const redactor = new Redactor();
  for (const [name, value] of Object.entries(run.secrets)) redactor.add(name, value);
  const said: string[] = [];
  try {
    const inventory = join(files, 'inventory.json');
    const variables = join(files, 'variables.json');
    await writeFile(inventory, JSON.stringify(run.inventory), { mode: 0o600 });
    await writeFile(variables, JSON.stringify({ ...run.variables, ...run.secrets }), { mode: 0o600 });
    const exitCode = await runAnsible([program, ...words(run, inventory, variables)], {
      directory: ANSIBLE_FOLDER,
      environment: environment(run),
      signal: run.signal,
      onLine: (line) => {
        const safe = redactor.redact(line);
        log.write(`${safe}\n`);
        const event = parseEvent(safe);
        if (event) run.onEvent(event);
        else if (safe.trim() !== '') said.push(safe);
      },
    });
    return { exitCode, said: said.slice(-LAST_LINES), logFile };
  } finally {
    await rm(files, { recursive: true, force: true });
    await new Promise((resolve) => log.end(resolve));
  }
}

function words(run: PlaybookRun, inventory: string, variables: string): string[] {
  return [
    ...['--inventory', inventory, '--extra-vars', `@${variables}`, '--forks', `${FORKS}`],
    ...(run.limit ? ['--limit', run.limit.join(',')] : []),
    ...(run.isCheck ? ['--check', '--diff'] : []),
    join(ANSIBLE_FOLDER, run.playbook),
  ];
}

function environment(run: PlaybookRun): Record<string, string> {
  const given = Object.entries(run.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(given),
    // Ansible ends at once where the locale is not UTF-8.
    LC_ALL: 'C.UTF-8',
    ANSIBLE_CONFIG: join(ANSIBLE_FOLDER, 'ansible.cfg'),
    ANSIBLE_STDOUT_CALLBACK: 'fairway_events',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_ROLES_PATH: [join(ANSIBLE_FOLDER, 'roles'), run.rolesPath].join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
