import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigProblems } from './problem.ts';
import { readProduction } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairway-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'fairway.yml');
const GOOD = 'apps: { web: { runtime: node } }\n';

async function messageFor(content: Buffer | string, name = file): Promise<string> {
  writeFileSync(name, content);
  return await refusal(name);
}

async function refusal(name: string): Promise<string> {
  const error: unknown = await readProduction(name).then(
    () => 'no problem',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigProblems);
  return (error as ConfigProblems).message.replaceAll(folder, '');
}

test('reads a file and knows where it lies', async () => {
  writeFileSync(file, `\ufeff${GOOD}`);
  expect(await readProduction(file)).toMatchObject({ file, apps: [{ name: 'web' }] });
});

test('says what to do when there is no file', async () => {
  expect(await refusal(join(folder, 'none.yml'))).toBe(
    '/none.yml: found no such file. Run "fairway init" to write one, or name it with --config.',
  );
});

test('points at the file in a directory', async () => {
  expect(await refusal(folder)).toBe(': found a directory, expected a file. Did you mean "/fairway.yml"?');
});

test('names the line that is not UTF-8', async () => {
  const latin1 = Buffer.from('apps: {}\nname: b\u00fccher\n', 'latin1');
  expect(await messageFor(latin1)).toBe(
    '/fairway.yml:2:1: found bytes that are not UTF-8, expected UTF-8. Save the file as UTF-8.',
  );
  expect(await messageFor(Buffer.from(`\ufeff${GOOD}`, 'utf16le'))).toBe(
    '/fairway.yml:1:1: found UTF-16, expected UTF-8. Save the file as UTF-8.',
  );
});

test('does not read what no person wrote', async () => {
  const large = join(folder, 'large.yml');
  writeFileSync(large, '');
  truncateSync(large, 1024 * 1024 + 1);
  expect(await refusal(large)).toBe('/large.yml: found more than 1 MB, expected a configuration file');
});

test('does not wait for the writer of a pipe', async () => {
  const pipe = join(folder, 'pipe.yml');
  execFileSync('mkfifo', [pipe]);
  expect(await refusal(pipe)).toBe('/pipe.yml: found a device or a pipe, expected a file');
});

test.runIf(process.getuid?.() !== 0)('says that a file may not be read', async () => {
  const locked = join(folder, 'locked.yml');
  writeFileSync(locked, GOOD, { mode: 0o000 });
  expect(await refusal(locked)).toContain('found a file that may not be read');
});
