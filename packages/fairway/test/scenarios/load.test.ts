import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSockets } from '../../../demo/src/load/websockets.ts';
import { Rehearsal } from './rehearsal.ts';

/** What everything under load must come to: every request answered, none held up, never too few instances. */
interface Outcome {
  readonly failed: number;
  readonly stalled: number;
  readonly examples: readonly string[];
}
const UNHARMED: Outcome = { failed: 0, stalled: 0, examples: [] };

let production: Rehearsal;

beforeAll(async () => {
  production = await Rehearsal.start();
  const { output } = await production.push();
  expect(output).toContain('succeeded');
});

afterAll(async () => {
  expect(await production.end()).toEqual([]);
});

/** Runs `work` under 300 requests/s, with WebSockets open, and says what became of the visitors. */
async function underLoad(work: () => Promise<void>) {
  const sockets = new WebSockets(await production.target());
  const sampler = production.sampler();
  const load = await production.load();
  if (process.env.WS !== '0') await sockets.open(10);
  await work();
  await load.stop();
  const { minServing } = sampler.take();
  await sampler.stop();
  sockets.close();
  const { sent, failed, stalled, examples } = load.tally.totals();
  return { outcome: { failed, stalled, examples }, sent, minServing, sockets: sockets.all };
}

describe('under 300 requests/s, with slow and streamed answers and WebSockets open', () => {
  it('a rolling update in place loses nothing, and closes WebSockets only at the drain deadline', async () => {
    const { outcome, minServing, sockets, sent } = await underLoad(async () => {
      const { output } = await production.pushChange();
      expect(output).toContain('succeeded');
    });
    expect(outcome).toEqual(UNHARMED);
    expect(sent).toBeGreaterThan(1000);
    expect(minServing).toBe(4);
    for (const socket of sockets)
      expect((socket.closedAt ?? Number.POSITIVE_INFINITY) - socket.openedAt).toBeGreaterThan(5000);
    expect(sockets.every((socket) => socket.echoes > 0)).toBe(true);
  }, 120_000);

  it('a rollback loses nothing', async () => {
    const { outcome, minServing } = await underLoad(async () => {
      expect(await production.fairway('rollback', 'hello')).toMatchObject({ exitCode: 0 });
    });
    expect(outcome).toEqual(UNHARMED);
    expect(minServing).toBe(4);
  }, 120_000);

  it('scaling from 5 to 3 and back to 5 loses nothing', async () => {
    const { outcome, minServing } = await underLoad(async () => {
      for (const count of [3, 5]) {
        await configure(/instances: \d+/, `instances: ${count}`);
        expect(await production.fairway('apply')).toMatchObject({ exitCode: 0 });
        expect((await production.serving()).size).toBe(count);
      }
    });
    expect(outcome).toEqual(UNHARMED);
    expect(minServing).toBe(3);
  }, 120_000);

  it('a rolling update with surge loses nothing and never has fewer than all instances serving', async () => {
    await configure('max_unavailable: 1', 'max_unavailable: 1, surge: all');
    const { outcome, minServing } = await underLoad(async () => {
      const { output } = await production.pushChange();
      expect(output).toContain('succeeded');
    });
    expect(outcome).toEqual(UNHARMED);
    expect(minServing).toBe(5);
  }, 120_000);

  it('a planned restart of the balancer loses nothing', async () => {
    const { outcome, sent } = await underLoad(async () => {
      const before = (await production.balancer.ready()).pid;
      expect(await production.fairway('balancer', 'restart')).toMatchObject({ exitCode: 0 });
      expect((await production.balancer.ready()).pid).not.toBe(before);
      await new Promise((resolve) => setTimeout(resolve, 3000));
    });
    expect(outcome).toEqual(UNHARMED);
    expect(sent).toBeGreaterThan(600);
  }, 120_000);
});

async function configure(from: string | RegExp, to: string): Promise<void> {
  const file = production.workspace.config;
  const before = await readFile(file, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(file, after);
}
