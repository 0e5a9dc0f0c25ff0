import { expect, test } from 'vitest';
import type { Hosts } from '../hosts/hosts.ts';
import { ReleaseMissing } from '../hosts/hosts.ts';
import { redactingHosts } from './redacting-hosts.ts';

const redact = (text: string) => text.replaceAll('hunter22', '[PASSWORD]');
const slot = { app: 'web', instance: '1', slot: 'a' } as const;
const signal = new AbortController().signal;

function hosts(changes: Partial<Hosts>): Hosts {
  return redactingHosts(changes as Hosts, redact);
}

async function all<Value>(values: AsyncIterable<Value>): Promise<readonly Value[]> {
  const seen: Value[] = [];
  for await (const value of values) seen.push(value);
  return seen;
}

test('what apps print is redacted in logs and in commands', async () => {
  const speaking = hosts({
    async *logs() {
      yield { slot, text: 'login hunter22' };
    },
    run: () => ({
      lines: (async function* () {
        yield 'env hunter22';
      })(),
      exitCode: Promise.resolve(0),
    }),
  });
  const query = { lines: 1, follow: false };
  expect(await all(speaking.logs('web', query, signal))).toEqual([{ slot, text: 'login [PASSWORD]' }]);
  const launch = {} as Parameters<Hosts['run']>[2];
  const running = speaking.run('local', 'web', launch, signal);
  expect(await all(running.lines)).toEqual(['env [PASSWORD]']);
  expect(await running.exitCode).toBe(0);
});

test('errors keep their class and lose the value', async () => {
  const failing = hosts({
    stop: () => Promise.reject(new ReleaseMissing('web', 'hunter22', 'box1')),
    observe: async () => [
      {
        slot,
        host: 'local',
        state: 'backoff',
        generation: 'r+c',
        port: 1,
        restarts: 1,
        lastExit: { at: 1, reason: 'could not be started: hunter22' },
      },
    ],
  });
  const error = await failing.stop('local', slot, 1).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ReleaseMissing);
  expect((error as Error).message + (error as Error).stack).not.toContain('hunter22');
  expect((await failing.observe('web'))[0]!.lastExit!.reason).toBe('could not be started: [PASSWORD]');
});
