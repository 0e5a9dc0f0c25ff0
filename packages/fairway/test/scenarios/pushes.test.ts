import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { checkOut } from './app-commit.ts';
import { Look } from './look.ts';
import { Pushing } from './pushing.ts';
import { Rehearsal } from './rehearsal.ts';

let production: Rehearsal;
let look: Look;
/** The commit that serves before each case. */
let standing: string;

beforeAll(async () => {
  // The soak makes a rollout last long enough to be interrupted in the middle.
  production = await Rehearsal.start({ instances: 2, deploy: ', soak: 1s' });
  look = new Look(production);
  standing = await deployed();
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

async function deployed(): Promise<string> {
  const commit = await production.change();
  const { exitCode, output } = await production.push();
  expect(output).toContain('succeeded');
  expect(exitCode).toBe(0);
  return commit;
}

function allServe(commit: string) {
  return { 1: commit.slice(0, 12), 2: commit.slice(0, 12) };
}

describe('a push that cannot deploy is refused, and changes nothing', () => {
  it('to another branch: it says which one deploys', async () => {
    const before = await look.everything();
    await production.change();
    const { exitCode, output } = await Pushing.begin(production, 'HEAD:main').end();
    expect(exitCode).toBe(1);
    expect(output).toContain('Not accepted: "main" does not deploy here.');
    expect(output).toContain('Next: Push to production: git push fairway main:production');
    expect(output).toContain('Nothing was changed.');
    expect(await look.everything()).toEqual(before);
    await checkOut(production, standing);
  });

  it('with a mistake in fairway.yml: it says in which line and column', async () => {
    const before = await look.everything();
    const { config } = production.workspace;
    const good = await readFile(config, 'utf8');
    await writeFile(config, good.replace('instances: 2', 'instances: two\n    colour: red'));
    await production.change();
    const { exitCode, output } = await production.push();
    await writeFile(config, good);
    expect(exitCode).toBe(1);
    expect(output).toContain('Not accepted: The configuration has 2 problems');
    expect(output).toMatch(/fairway\.yml:7:16: .*found "two"/);
    expect(output).toMatch(/fairway\.yml:8:5: .*colour: found an unknown key/);
    expect(output).toContain('Next: Correct it; this says when it is right: fairway check');
    expect(output).toContain('Nothing was changed.');
    expect(await look.everything()).toEqual(before);
    await checkOut(production, standing);
  });

  it('while the control server is away: it says how to start it', async () => {
    const before = await look.everything();
    await production.control.stop();
    await production.change();
    const { exitCode, output } = await production.push();
    expect(exitCode).toBe(1);
    expect(output).toContain('Not accepted: The control server cannot be reached');
    expect(output).toContain('fairway serve');
    production.control = await ControlServer.start(production.workspace);
    expect(await look.everything()).toEqual(before);
    await checkOut(production, standing);
  });
});

describe('a rollout belongs to the server, not to the terminal of the push', () => {
  it.each([
    ['Ctrl-C', (pushing: Pushing) => pushing.pressCtrlC()],
    ['a broken connection', (pushing: Pushing) => pushing.breakConnection()],
  ])(
    '%s ends the view; the rollout goes on and succeeds',
    async (_, interrupt) => {
      const commit = await production.change();
      const pushing = Pushing.begin(production);
      await pushing.prints('draining');
      const rollout = await look.newest();
      await interrupt(pushing);
      expect((await look.newest()).finishedAt).toBeUndefined();
      expect(await look.ended(rollout.id)).toMatchObject({ status: 'succeeded' });
      expect(await look.serving()).toEqual(allServe(commit));
      standing = commit;
    },
    30_000,
  );
});

it('of two pushes during a rollout the newer one wins, and the other is told so in its own output', async () => {
  const commits = [await production.change()];
  const first = Pushing.begin(production);
  await first.prints('draining');
  const one = await look.newest();
  await production.fairway('pause', one.id);
  commits.push(await production.change());
  const second = Pushing.begin(production);
  await second.prints(`queued behind ${one.id}`);
  const two = await look.newest();
  commits.push(await production.change());
  const third = Pushing.begin(production);
  await third.prints(`queued behind ${one.id}`);
  const three = await look.newest();
  expect((await second.end()).output).toContain(
    `${two.id} was superseded: by ${three.id}, which is newer; nothing was touched`,
  );
  await production.fairway('resume', one.id);

  expect((await first.end()).output).toContain(`${one.id} succeeded`);
  expect((await third.end()).output).toContain(`${three.id} succeeded`);
  expect([one, two, three].map((rollout) => rollout.commit)).toEqual(commits);
  expect(await look.serving()).toEqual(allServe(commits[2]!));
  standing = commits[2]!;
}, 40_000);

it('an older commit, pushed with force, is deployed without building it again', async () => {
  const older = standing;
  const newer = await deployed();
  await checkOut(production, older);
  const { exitCode, output } = await production.push();
  expect(exitCode).toBe(0);
  expect(output).toContain('was built before: nothing to build');
  expect(output).toContain('succeeded');
  expect(await look.serving()).toEqual(allServe(older));
  await checkOut(production, newer);
}, 40_000);

it('what runs already is not deployed again, and the answer says so', async () => {
  const running = (await look.client.overview()).apps[0]!.standing!.commit;
  const before = await look.everything();
  await checkOut(production, running);
  expect((await production.push()).output).toContain('Everything up-to-date');
  expect(await look.everything()).toEqual(before);

  const { exitCode, stdout } = await production.fairway('deploy', 'hello', '--commit', running);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('hello already runs release');
  expect(stdout).toContain('succeeded');
  expect(await look.pids()).toEqual(before.pids);
});
