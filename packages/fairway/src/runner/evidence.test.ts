import { expect, it } from 'vitest';
import type { Hosts } from '../hosts/hosts.ts';
import { lastLogLines } from './evidence.ts';

const slot = { app: 'web', instance: '1', slot: 'b' } as const;

function logging(...lines: readonly { slot: 'a' | 'b'; text: string }[]): Hosts {
  async function* logs() {
    for (const line of lines) yield { slot: { ...slot, slot: line.slot }, text: line.text };
  }
  return { logs } as unknown as Hosts;
}

it('is what the slot itself said, without the colours that an app prints', async () => {
  const hosts = logging(
    { slot: 'a', text: 'the release before' },
    { slot: 'b', text: '\u001b[31mGET /\u001b[0m 500' },
  );
  expect(await lastLogLines(hosts, slot)).toEqual(['GET / 500']);
});

it('reaches back to the reason of a crash with two traces', async () => {
  const trace = Array.from({ length: 24 }, (_, index) => ({ slot: 'b', text: `    at ${index}` }) as const);
  const hosts = logging({ slot: 'b', text: 'Error: listen EADDRINUSE' }, ...trace);
  expect((await lastLogLines(hosts, slot))[0]).toBe('Error: listen EADDRINUSE');
});
