import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { FAIRWAY } from '../../../demo/src/demo/workspace.ts';
import type { Target } from '../../../demo/src/load/request.ts';
import { procPids } from '../../src/hosts/local/supervisor/process-table.ts';
import { waitUntil } from '../support/wait-until.ts';
import { commitFiles } from './app-commit.ts';
import { edit } from './configure.ts';
import { Rehearsal } from './rehearsal.ts';
import { visit } from './visit.ts';

/** Never printed by the app. */
const QUIET = 'planted-quiet-6d1f "and" $HOME';
const QUIET_LATER = 'planted-quiet-9c42';
/** Printed by the app and by its hook, in every way that they can. */
const LOUD = 'planted-loud-77ab/ü&"x"';

const SERVER = `const { createHash } = require('node:crypto');
const { createServer } = require('node:http');
const { QUIET, LOUD, PORT } = process.env;
createServer((request, response) => {
  if (request.url === '/end') process.exit(3);
  response.end(createHash('sha256').update(QUIET).digest('hex'));
}).listen(PORT, '127.0.0.1');
console.log('as it is: ' + LOUD);
console.log(JSON.stringify({ inJson: LOUD }));
console.error('in a URL: db://' + encodeURIComponent(LOUD) + '@host');
`;

let production: Rehearsal;
let target: Target;
let keys: string;
/** Everything that Fairway said, to whomever. */
let said = '';

async function fairway(words: readonly string[], input?: string): Promise<string> {
  const { config, state } = production.workspace;
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [FAIRWAY, '--config', config, '--state', state, ...words],
    { reject: false, env: { NO_COLOR: '1' }, ...(input === undefined ? {} : { input }) },
  );
  said += `${stdout}\n${stderr}\n`;
  expect({ words, exitCode, stderr }).toEqual({ words, exitCode: 0, stderr: expect.any(String) });
  return stdout;
}

beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), 'fairway-keys-'));
  process.env.FAIRWAY_KEY_FILE = join(keys, 'rehearsal.key');
  production = await Rehearsal.start({ instances: 3 });
  target = await production.target();
  await commitFiles(
    production,
    { 'server.js': SERVER, 'hook.js': "console.log('hook ' + process.env.LOUD);\n" },
    'Use secrets',
  );
});

afterAll(async () => {
  said += production.control.output;
  expect(await production.end()).toEqual([]);
  rmSync(keys, { recursive: true });
  delete process.env.FAIRWAY_KEY_FILE;
});

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const answer = async () => (await visit(target, 'hello.localhost')).body;

it('refuses a push whose secrets have no values, with the line and the next step', async () => {
  await edit(
    production,
    [/( +)runtime: /, '$1secrets: [QUIET, LOUD]\n$1runtime: '],
    [/deploy: \{/, 'deploy: { hooks: { before_deploy: node hook.js },'],
  );
  const { exitCode, output } = await production.push();
  said += output;
  expect(exitCode).not.toBe(0);
  expect(output).toContain(
    'apps.hello.secrets[0]: found QUIET, which has no value yet. Give it one: fairway secrets set hello QUIET',
  );
});

it('gives values to instances and hooks, and says none of them', async () => {
  await fairway(['secrets', 'set', 'hello', 'QUIET'], QUIET);
  await fairway(['secrets', 'set', 'hello', 'LOUD'], `${LOUD}\n`);
  const { exitCode, output } = await production.push();
  said += output;
  expect(output).toContain('hook [LOUD]');
  expect(exitCode).toBe(0);
  expect(await answer()).toBe(digest(QUIET));
  const logs = await fairway(['logs', 'hello', '--lines', '100']);
  expect(logs).toContain('as it is: [LOUD]');
  expect(logs).toContain('{"inJson":"[LOUD]"}');
  expect(logs).toContain('in a URL: db://[LOUD]@host');
  const run = await fairway([
    'run',
    'hello',
    '--',
    'node',
    '-e',
    'console.log(process.env.QUIET, process.env.LOUD)',
  ]);
  expect(run).toContain('[QUIET] [LOUD]');
});

it('starts an instance that has ended with the same secrets, without the control server', async () => {
  await production.control.stop('SIGKILL');
  await visit(target, 'hello.localhost', '/end').catch(() => undefined);
  await waitUntil('an instance that was started again', async () => {
    const restarts = await readFile(join(production.workspace.state, 'supervisor/supervisor.json'), 'utf8');
    return /"restarts": [1-9]/.test(restarts) || undefined;
  });
  await waitUntil('three instances that serve', async () =>
    (await production.serving()).size === 3 ? true : undefined,
  );
  expect(await answer()).toBe(digest(QUIET));
  said += production.control.output;
  production.control = await ControlServer.start(production.workspace);
});

it('redacts what was started before the control server was', async () => {
  expect(await fairway(['logs', 'hello', '--lines', '100'])).toContain('as it is: [LOUD]');
});

it('replaces instances one by one when a secret was changed', async () => {
  await fairway(['secrets', 'set', 'hello', 'QUIET'], QUIET_LATER);
  expect(await fairway(['plan'])).toContain('secrets.QUIET: changed (not shown)');
  const sampler = production.sampler();
  expect(await fairway(['apply'])).toContain('succeeded');
  await sampler.stop();
  expect(sampler.take().minServing).toBeGreaterThanOrEqual(2);
  expect(await answer()).toBe(digest(QUIET_LATER));
});

it('rolls a release back with the secrets of today', async () => {
  await production.pushChange();
  await fairway(['secrets', 'list']);
  await fairway(['rollback', 'hello']);
  expect(await answer()).toBe(digest(QUIET_LATER));
});

it('has left them in the encrypted store and in the file of each slot only', async () => {
  for (const words of [['status', '--json'], ['rollouts'], ['releases', 'hello'], ['audit'], ['check']])
    await fairway(words);
  const shown = JSON.parse(await fairway(['rollouts', '--json'])) as { id: string }[];
  for (const { id } of shown) await fairway(['show', id, '--json']);
  const { url, token } = JSON.parse(
    await readFile(join(production.workspace.state, 'server.json'), 'utf8'),
  ) as { url: string; token: string };
  for (const path of ['/api/overview', '/metrics', '/api/rollouts', '/api/apps/hello/releases']) {
    const response = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } });
    said += await response.text();
  }
  for (const value of [QUIET, QUIET_LATER, LOUD]) {
    expect(said).not.toContain(value);
    expect(said).not.toContain(JSON.stringify(value).slice(1, -1));
    expect(said).not.toContain(encodeURIComponent(value));
  }
  const files = filesWith(production.workspace.folder, [QUIET, QUIET_LATER, LOUD]);
  const slots = files.filter((file) => /\/hosts\/local\/secrets\/hello\/[123]-[ab]\.json$/.test(file));
  // What an app prints is in its own log; only what Fairway makes is Fairway's to keep clean.
  const logs = files.filter((file) => /\/hosts\/local\/logs\/hello\/[123]-[ab]\.log$/.test(file));
  expect(files.toSorted()).toEqual([...slots, ...logs].toSorted());
  expect(slots.length).toBe(3);
  for (const file of slots) expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const log of logs) expect(readFileSync(log, 'utf8')).not.toContain('planted-quiet');
});

it('shows them in the arguments of no process, and in the environment of instances only', () => {
  const { folder } = production.workspace;
  let instances = 0;
  for (const pid of procPids()) {
    const [argv, environment, cwd] = ['cmdline', 'environ', 'cwd'].map((name) => readProc(pid, name));
    expect(argv).not.toContain('planted-');
    if (!environment!.includes('planted-')) continue;
    expect(cwd).toContain(join(folder, 'production/.fairway/hosts/local/releases/hello'));
    instances += 1;
  }
  expect(instances).toBe(3);
});

function readProc(pid: number, name: string): string {
  try {
    const path = `/proc/${pid}/${name}`;
    return name === 'cwd' ? readlinkSync(path) : readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Files that hold one of the texts, as it is or as it stands in JSON. */
function filesWith(folder: string, texts: readonly string[]): readonly string[] {
  const forms = texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const content = readFileSync(file);
      return forms.some((form) => content.includes(form));
    });
}
