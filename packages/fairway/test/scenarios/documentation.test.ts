import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { waitUntil } from '../support/wait-until.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** What the README's tutorial tells the reader to type, once Fairway itself is built. */
const TUTORIAL = [
  'fairway init',
  'fairway check',
  'fairway serve --detach',
  'fairway remote shop',
  'git push fairway HEAD:production',
  'fairway status --watch',
  'fairway logs shop -f',
  'fairway rollback shop',
];

let folder: string;
let shop: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'fairway-tutorial-')));
  shop = join(folder, 'shop');
  await cp(join(root, 'examples/hello'), shop, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) await replaceIn(file, '"hello"', '"shop"');
  await replaceIn('server.js', 'server.listen(', "console.log('the shop is open');\nserver.listen(");
  await mkdir(join(folder, 'bin'));
  await symlink(join(root, 'packages/fairway/bin/fairway.js'), join(folder, 'bin/fairway'));
  const person = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.org' };
  const committer = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.org' };
  const path = [join(folder, 'bin'), process.env.PATH].join(delimiter);
  environment = { ...process.env, ...person, ...committer, PATH: path, NO_COLOR: '1' };
  await type('git init --quiet && git add . && git commit --quiet -m "Open the shop"');
});

afterAll(async () => {
  await type('fairway down --yes').catch(() => undefined);
  const left = processesOf(folder);
  await rm(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

/** Types a line into a shell in the app's folder; answers with all that it printed, and rejects when it fails. */
function type(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], { cwd: shop, env: environment }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${line}: ${error.message}\n${stdout}${stderr}`));
      else resolve(stdout + stderr);
    });
  });
}

/** Types a line, waits until it has printed `text`, and presses Ctrl-C. */
async function typeUntil(line: string, text: string): Promise<void> {
  const running: ChildProcess = spawn('sh', ['-c', `exec ${line}`], { cwd: shop, env: environment });
  let output = '';
  running.stdout!.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  const ended = once(running, 'close');
  try {
    await waitUntil(`"${text}" from ${line}`, () => output.includes(text));
  } finally {
    running.kill('SIGINT');
    await ended;
  }
}

async function replaceIn(file: string, from: string | RegExp, to: string): Promise<void> {
  const before = await readFile(join(shop, file), 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(join(shop, file), after);
}

it("the README's tutorial says what this test types", async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, section = ''] = readme.split('## Your own app in five minutes');
  const [tutorial = ''] = section.split('\n## ');
  const lines = [...tutorial.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap((block) => block[1]!.split('\n'))
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '' && !/^(npm|alias) /.test(line));
  expect(lines).toEqual(TUTORIAL);
  for (const command of ['fairway plan apply', 'fairway apply']) expect(tutorial).toContain(`\`${command}\``);
});

it("the README's tutorial works, from init to down", async () => {
  expect(await type('fairway init')).toContain('Wrote fairway.yml.');
  // On a machine that others use as well, ports of one's own.
  await replaceIn('fairway.yml', 'listen: 127.0.0.1:8080', 'listen: 127.0.0.1:0');
  await replaceIn('fairway.yml', /$/, 'control: { listen: 127.0.0.1:0 }\n');
  await type('fairway check');

  const served = await type('fairway serve --detach');
  const [, visitors] = /visitors +(http:\S+)/.exec(served)!;
  const remote = await type('fairway remote shop');
  const [add] = /^git remote add .*$/m.exec(remote)!;
  expect(served).toContain(add);
  expect(remote).toContain('git push fairway HEAD:production');
  await type(add);

  expect(await type('git push fairway HEAD:production')).toContain('shop-1 succeeded');
  const visit = async () => (await fetch(visitors!)).text();
  expect(await visit()).toContain('hello from');
  await typeUntil('fairway status --watch', '2 of 2 serving');
  await typeUntil('fairway logs shop -f', 'the shop is open');

  await replaceIn('greeting.js', 'hello', 'good morning');
  await type('git commit --quiet -am "Greet the early" && git push fairway HEAD:production');
  expect(await visit()).toContain('good morning from');
  expect(await type('fairway rollback shop')).toContain('shop-3 succeeded');
  expect(await visit()).toContain('hello from');

  await replaceIn('fairway.yml', 'instances: 2', 'instances: 3');
  expect(await type('fairway plan apply')).toContain('from 2 to 3');
  expect(await type('fairway apply')).toContain('shop-4 succeeded');
  expect(await type('fairway status')).toContain('3 of 3 serving');

  expect(await type('fairway down --yes')).toContain('Start again with: fairway serve');
  expect(processesOf(folder)).toEqual([]);
}, 60_000);
