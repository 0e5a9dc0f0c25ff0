import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commitChange, git } from '../../../demo/src/demo/workspace.ts';
import type { LoadGenerator } from '../../../demo/src/load/generator.ts';
import type { ServerFile } from '../../src/server/api.ts';
import { waitUntil } from '../support/wait-until.ts';
import { checkOut } from './app-commit.ts';
import { editForThisTest } from './configure.ts';
import { Look } from './look.ts';
import { Rehearsal } from './rehearsal.ts';

const STEPS = 'steps: [{ share: 20%, hold: 1500ms }, { share: 50%, hold: 1s }]';
const DEPLOY = `, strategy: canary, ${STEPS}, bake: 500ms, judge: { min_requests: 40 }`;

let production: Rehearsal;
let look: Look;
let good: string;
let load: LoadGenerator | undefined;

beforeAll(async () => {
  production = await Rehearsal.start({ instances: 3, deploy: DEPLOY });
  look = new Look(production);
  expect((await production.push()).output).toContain('succeeded');
  good = await git(production.workspace.app, ['rev-parse', 'HEAD']);
});

afterEach(async () => {
  await load?.stop();
  load = undefined;
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

async function share(): Promise<number> {
  return (await production.balancer.observe()).pools.hello!.share.basisPoints;
}

/** Waits until a part of the users, and no more than that, is on the canary. */
async function whenShared(basisPoints: number): Promise<void> {
  await waitUntil(`a share of ${basisPoints}`, async () => (await share()) === basisPoints, 30_000);
}

async function manualSteps(): Promise<void> {
  await editForThisTest(production, [STEPS, 'steps: [{ share: 50%, hold: manual }]']);
}

/** All that can be seen is as one release, with nothing left of another. */
async function expectOneRelease(commit: string): Promise<void> {
  const { pools } = await production.balancer.observe();
  const seen = pools.hello!.servers.map(({ state, side, healthy, generation }) => ({
    state,
    side,
    healthy,
    commit: generation.slice(0, 12),
  }));
  const each = { state: 'serving', side: 'baseline', healthy: true, commit: commit.slice(0, 12) };
  expect(seen).toEqual([each, each, each]);
  expect(pools.hello!.share.basisPoints).toBe(0);
  expect(Object.keys(await look.pids())).toHaveLength(3);
}

describe('a canary', () => {
  it('that is as good as the stable release is promoted under load, and nothing is lost', async () => {
    load = await production.load();
    const sampler = production.sampler();
    const commit = await production.change();
    const { output } = await production.push();
    await load.stop();
    const { minServing } = sampler.take();
    await sampler.stop();
    expect(output).toContain('succeeded');
    const { failed, stalled, examples } = load.tally.totals();
    expect({ failed, stalled, examples }).toEqual({ failed: 0, stalled: 0, examples: [] });
    expect(minServing).toBe(3);
    const told = (await look.journal((await look.newest()).id)).flatMap(({ text }) => text).join('\n');
    expect(told).toMatch(
      /step 1 is over: canary 0\.0 % failed of [\d,]+, stable 0\.0 % of [\d,]+; p = 1\.00/,
    );
    await expectOneRelease(commit);
    good = commit;
  }, 60_000);

  it('that fails three requests of ten is pulled back by the judge, on evidence', async () => {
    await commitChange(production.workspace, {
      file: 'server.js',
      from: "'GET /': (_request, response) => response.end(",
      to: "'GET /': (_request, response) => Math.random() < 0.3 ? response.writeHead(500).end() : response.end(",
      subject: 'Fail now and then',
    });
    load = await production.load();
    const { output, exitCode } = await production.push();
    const rollout = await look.newest();
    expect(rollout.status).toBe('taken-back');
    expect(rollout.outcome).toMatch(
      /^the canary does worse than the stable instances: canary \d+(\.\d)? % failed of [\d,]+, stable 0\.0 % of [\d,]+; p/,
    );
    expect({ exitCode, output }).toMatchObject({ output: expect.stringContaining('does worse') });
    await checkOut(production, good);
    await expectOneRelease(good);
  }, 60_000);

  it('is taken back by an alert: nothing that begins after the answer reaches it, and nothing is lost', async () => {
    await manualSteps();
    const answeredInMs: number[] = [];
    let requests = 0;
    for (let run = 0; run < 10; run += 1) {
      const commit = await production.change();
      const pushing = production.push();
      await whenShared(5_000);
      const visitors = new Visitors(await production.target());
      await waitUntil('the canary has users', () =>
        visitors.answers.some((one) => one.release === commit.slice(0, 12)),
      );
      const { status, tookMs, answeredAt } = await alert('payments fail');
      expect(status).toBe(202);
      answeredInMs.push(tookMs);
      await waitUntil(
        'there are users after it',
        () => visitors.answers.filter((one) => one.startedAt > answeredAt).length > 200,
      );
      await visitors.stop();
      expect(visitors.failures).toEqual([]);
      requests += visitors.answers.length;
      const late = visitors.answers.filter(
        (one) => one.startedAt > answeredAt && one.release === commit.slice(0, 12),
      );
      expect(late).toEqual([]);
      expect((await pushing).output).toContain('alert raised by local: payments fail');
      await checkOut(production, good);
      await expectOneRelease(good);
    }
    answeredInMs.sort((one, other) => one - other);
    console.log(
      `alert to 202: p50 ${answeredInMs[5]!.toFixed(1)} ms, most ${answeredInMs.at(-1)!.toFixed(1)} ms; ${requests} requests`,
    );
    // The goal, 100 ms, is for a machine that does nothing else; this one may run other tests as well.
    expect(answeredInMs[5]).toBeLessThan(100);
  }, 180_000);

  it('is taken back by an abort while its share is given for good', async () => {
    await production.change();
    const pushing = production.push();
    load = await production.load();
    await whenShared(10_000);
    const { id } = await look.newest();
    expect(await production.fairway('abort', id)).toMatchObject({ exitCode: 0 });
    expect(await share()).toBe(0);
    expect((await pushing).output).toContain('aborted by');
    await load.stop();
    expect(load.tally.totals().examples).toEqual([]);
    await checkOut(production, good);
    await expectOneRelease(good);
  }, 60_000);

  it('is promoted by hand, step by step and all at once, and fairway status shows where it is', async () => {
    await manualSteps();
    const commit = await production.change();
    const pushing = production.push();
    await whenShared(5_000);
    const { stdout } = await production.fairway('status', 'hello');
    expect(stdout).toMatch(/canary: 50 % of the users, step 1 of 2, for \d+ s until it is promoted/);
    expect(await production.fairway('promote', 'hello', '--all')).toMatchObject({ exitCode: 0 });
    expect((await pushing).output).toContain('succeeded');
    await expectOneRelease(commit);
    good = commit;
    expect(await production.fairway('promote', 'hello')).toMatchObject({ exitCode: 2 });
  }, 60_000);

  it('whose instance is killed loses no request, and comes back', async () => {
    await manualSteps();
    const commit = await production.change();
    const pushing = production.push();
    await whenShared(5_000);
    const visitors = new Visitors(await production.target());
    const staged = Object.entries(await look.pids()).filter(
      ([slot]) => slot.endsWith('/b') || slot.endsWith('/a'),
    );
    const { pools } = await production.balancer.observe();
    const canary = pools.hello!.servers.find(({ side }) => side === 'canary')!;
    const pid = Object.fromEntries(staged)[`${canary.slot.instance}/${canary.slot.slot}`]!;
    process.kill(pid, 'SIGKILL');
    await waitUntil('another process has its place', async () => {
      const now = (await look.pids())[`${canary.slot.instance}/${canary.slot.slot}`];
      return now !== undefined && now !== pid;
    });
    await production.fairway('promote', 'hello', '--all');
    expect((await pushing).output).toContain('succeeded');
    await visitors.stop();
    expect(visitors.failures).toEqual([]);
    await expectOneRelease(commit);
    good = commit;
  }, 60_000);

  it('is not disturbed by another push, which has its own turn afterwards', async () => {
    load = await production.load();
    const first = await production.change();
    const pushing = production.push();
    await whenShared(2_000);
    const second = await production.change();
    const { output } = await production.push();
    expect((await pushing).output).toContain('succeeded');
    expect(output).toContain('succeeded');
    await load.stop();
    expect(load.tally.totals().examples).toEqual([]);
    expect(second).not.toBe(first);
    await expectOneRelease(second);
    good = second;
  }, 90_000);
});

async function alert(reason: string) {
  const text = await readFile(join(production.workspace.state, 'server.json'), 'utf8');
  const { url, token } = JSON.parse(text) as ServerFile;
  const began = performance.now();
  const { statusCode, body } = await request(`${url}/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ app: 'hello', reason }),
  });
  await body.dump();
  const answeredAt = performance.now();
  return { status: statusCode, tookMs: answeredAt - began, answeredAt };
}

/** 300 new users a second, more or less: when each request began, and which release answered it. */
class Visitors {
  readonly answers: { readonly startedAt: number; readonly release: string }[] = [];
  readonly failures: string[] = [];
  readonly #agent = new Agent();
  readonly #pace: NodeJS.Timeout;
  readonly #visits = new Set<Promise<void>>();

  constructor({ host, port, hostname }: Awaited<ReturnType<Rehearsal['target']>>) {
    const url = `http://${host}:${port}/`;
    this.#pace = setInterval(() => {
      for (let user = 0; user < 3; user += 1) {
        const visit = this.#visit(url, hostname).finally(() => this.#visits.delete(visit));
        this.#visits.add(visit);
      }
    }, 10);
  }

  async stop(): Promise<void> {
    clearInterval(this.#pace);
    await Promise.all(this.#visits);
    await this.#agent.close();
  }

  async #visit(url: string, hostname: string): Promise<void> {
    const startedAt = performance.now();
    try {
      const { statusCode, body } = await request(url, {
        headers: { host: hostname },
        dispatcher: this.#agent,
      });
      const text = await body.text();
      const release = / from ([0-9a-f]{12})/.exec(text)?.[1];
      if (statusCode === 200 && release) this.answers.push({ startedAt, release });
      else this.failures.push(`${statusCode} ${text}`);
    } catch (error) {
      this.failures.push((error as Error).message);
    }
  }
}
