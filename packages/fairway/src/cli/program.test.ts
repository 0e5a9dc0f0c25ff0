import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { type CommandLineOptions, runCli } from '../../test/support/command-line.ts';
import { temporaryFolder } from '../../test/support/sample-repository.ts';
import { CATALOGUE } from './catalogue.ts';
import { examplesOf } from './command.ts';
import { createProgram, loadAll } from './program.ts';
import { renderReference } from './reference.ts';
import { processSurroundings } from './surroundings.ts';

async function everyCommand(): Promise<Command[]> {
  const program = createProgram(processSurroundings(), '0.0.0');
  await loadAll(program);
  const verbs = program.command.commands.filter((command) => command.name() !== 'help');
  return verbs.flatMap((verb) => [verb, ...verb.commands]);
}

describe('help', () => {
  test('of every command has a description, and an example that begins with its name', async () => {
    const commands = await everyCommand();
    expect(commands.length).toBeGreaterThan(CATALOGUE.length);
    for (const command of commands) {
      const name =
        command.parent!.name() === 'fairway' ? command.name() : `${command.parent!.name()} ${command.name()}`;
      expect(command.description(), name).toMatch(/^[A-Z].+\.$/s);
      const lines = examplesOf(command).map((example) => example.line);
      expect(lines.length, `examples of ${name}`).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line.replace(/ --state \S+/, ''), name).toMatch(new RegExp(`^fairway ${name}( |$)`));
      }
    }
  });

  test.each(CATALOGUE.map((entry) => entry.name))(
    'of %s is printed with its examples and exit code 0',
    async (name) => {
      const { exitCode, out, err } = await runCli([name, '--help']);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(out).toContain('Usage: fairway');
      expect(out).toContain('Examples:\n  # ');
      expect(out).toContain('--state <dir>');
      expect((await runCli(['help', name])).out).toBe(out);
    },
  );

  test('without a command lists the verbs and explains the exit codes', async () => {
    const { exitCode, out } = await runCli([]);
    expect(exitCode).toBe(0);
    for (const { name, isHidden } of CATALOGUE) {
      if (isHidden) expect(out).not.toMatch(new RegExp(`^  ${name} `, 'm'));
      else expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect(out).toContain('3    the control server cannot be reached');
    expect((await runCli(['--help'])).out).toBe(out);
  });

  test('is written out in docs/reference/cli.md (--update renews it)', async () => {
    const program = createProgram(processSurroundings(), '0.0.0');
    await loadAll(program);
    await expect(renderReference(program.command)).toMatchFileSnapshot('../../../../docs/reference/cli.md');
  });
});

describe('wrong usage ends with exit code 2, nothing on standard output, and a way out', () => {
  test.each<[string[], string[]]>([
    [['deplyo'], ["Error: unknown command 'deplyo'", 'Next: did you mean deploy?']],
    [
      ['help', 'deplyo'],
      ["Error: unknown command 'deplyo'", 'Next: did you mean deploy?'],
    ],
    [
      ['deploy', 'shop', '--comit', '1'],
      ["Error: unknown option '--comit'", 'Next: did you mean --commit?'],
    ],
    [
      ['token'],
      ['Error: "fairway token" needs one of its commands after it', 'Next: see fairway token --help'],
    ],
    [
      ['--server', 'http://127.0.0.1:1', 'logs', ''],
      ['Error: "" is no name of an app', 'Next: see fairway logs --help'],
    ],
    [
      ['--server', 'http://127.0.0.1:1', 'rollouts', '..'],
      ['Error: ".." is no name of an app', 'Next: see fairway rollouts --help'],
    ],
    [
      ['--server', 'http://127.0.0.1:1', 'show', '..'],
      ['Error: ".." is no name of a rollout', 'Next: see fairway show --help'],
    ],
    [['deploy'], ["Error: missing required argument 'app'", 'Next: see fairway deploy --help']],
    [
      ['releases', 'shop', 'web'],
      [
        "Error: too many arguments for 'releases'. Expected 1 argument but got 2.",
        'Next: see fairway releases --help',
      ],
    ],
    [
      ['deploy', 'shop', '--commit', 'HEAD'],
      ['Error: "HEAD" is no commit id: 7 to 40 hexadecimal digits', 'Next: find it with: git log --oneline'],
    ],
    [
      ['deploy', 'shop', '--commit', '3f2a91c', '--path', '.'],
      ['Error: --commit and --path exclude each other', 'Next: name a commit, or a folder'],
    ],
    [
      ['deploy', 'shop', '--path', '/nowhere/at/all'],
      ['Error: there is no folder /nowhere/at/all', 'Next: check --path'],
    ],
    [
      ['--server', 'http://127.0.0.1:1', 'deploy', 'shop', '--path', '.'],
      [
        'Error: --path needs the control server on this machine',
        'Next: push instead: fairway remote says where to',
      ],
    ],
    [
      ['--server', 'localhost:80', 'status'],
      [
        'Error: "localhost:80" is no address of a server',
        'Next: write it as --server http://127.0.0.1:7480, or set FAIRWAY_URL',
      ],
    ],
    [
      ['plan', 'abort'],
      ['Error: "abort" cannot be planned', 'Next: fairway plan deploy APP, rollback APP, apply or provision'],
    ],
    [
      ['plan', 'deploy'],
      ['Error: plan deploy: which app?', 'Next: fairway plan deploy APP'],
    ],
    [
      ['logs', 'shop', '-n', 'all'],
      [
        "Error: option '-n, --lines <number>' argument 'all' is invalid. Expected a whole number from 0 to 10000.",
        'Next: see fairway logs --help',
      ],
    ],
    [
      ['token', 'add', 'ci', '--role', 'root'],
      [
        "Error: option '--role <role>' argument 'root' is invalid. Allowed choices are viewer, deployer, admin.",
        'Next: see fairway token add --help',
      ],
    ],
    [
      ['status', '--watch', '--json'],
      ['Error: --watch and --json exclude each other', 'Next: see fairway status --help'],
    ],
    [
      ['--server', 'http://127.0.0.1:1', 'down'],
      [
        'Error: down works on the machine of the state directory, not over --server or FAIRWAY_URL',
        'Next: run it there, or name the directory with --state',
      ],
    ],
  ])('%j', async (words, lines) => {
    const cwd = await temporaryFolder();
    const result = await runCli(words, { cwd });
    expect(result).toEqual({ exitCode: 2, out: '', err: `${lines.join('\n')}\n` });
  });
});

describe('where things are', () => {
  const failing = async (words: string[], options: CommandLineOptions) => (await runCli(words, options)).err;

  test('the configuration is searched upward, and its folder holds the state', async () => {
    const folder = await realpath(await temporaryFolder());
    await writeFile(join(folder, 'fairway.yml'), '');
    await mkdir(join(folder, 'a/b'), { recursive: true });
    expect(await failing(['status'], { cwd: join(folder, 'a/b') })).toBe(
      `Error: The control server cannot be reached: it does not run, there is no ${folder}/.fairway/server.json\n` +
        'Next: start it with: fairway serve\n',
    );
  });

  test('--state wins over FAIRWAY_STATE, and that over the configuration', async () => {
    const cwd = await temporaryFolder();
    const env = { FAIRWAY_STATE: '/from-env' };
    expect(await failing(['status'], { cwd, env })).toContain('/from-env/server.json');
    expect(await failing(['status', '--state', 'given'], { cwd, env })).toContain(`${cwd}/given/server.json`);
  });

  test('without any of them it says how to begin', async () => {
    const cwd = await temporaryFolder();
    expect(await failing(['status'], { cwd })).toBe(
      `Error: there is no fairway.yml in ${cwd} or a folder above it\n` +
        'Next: make one with: fairway init, or name it with --config FILE\n',
    );
  });
});

describe('a first configuration', () => {
  test('is proposed by init, passes check, and is not overwritten', async () => {
    const cwd = await temporaryFolder();
    await writeFile(
      join(cwd, 'package.json'),
      '{ "name": "shop", "scripts": { "start": "node server.js" } }',
    );
    const first = await runCli(['init'], { cwd });
    expect(first).toMatchObject({ exitCode: 0, err: '' });
    expect(first.out).toContain('Wrote fairway.yml.\n\nNext:\n  fairway check');
    const written = await readFile(join(cwd, 'fairway.yml'), 'utf8');
    expect(await runCli(['check'], { cwd })).toMatchObject({ exitCode: 0, err: '' });
    const second = await runCli(['init'], { cwd });
    expect(second).toMatchObject({ exitCode: 1, out: '' });
    expect(second.err).toMatch(/^Error: .*fairway\.yml/);
    expect(await readFile(join(cwd, 'fairway.yml'), 'utf8')).toBe(written);
  });

  test('with mistakes: check names each with its line, for people and for scripts', async () => {
    const cwd = await temporaryFolder();
    await writeFile(
      join(cwd, 'fairway.yml'),
      'name: x\napps:\n  shop:\n    deploy: { stratgy: rolling }\n    colour: red\n',
    );
    const { exitCode, out, err } = await runCli(['check'], { cwd });
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toMatch(
      /^Error: fairway\.yml has \d problems; nothing was changed\n {2}fairway\.yml:\d+:\d+: apps\.shop/,
    );
    expect(err).toMatch(/\nNext: correct the file, then: fairway check\n$/);
    const json = await runCli(['check', '--json'], { cwd });
    expect(json).toMatchObject({ exitCode: 2, err: '' });
    expect(JSON.parse(json.out).problems[0]).toMatchObject({ file: 'fairway.yml', line: expect.any(Number) });
  });
});
