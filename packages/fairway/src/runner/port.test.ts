import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryStore } from '../../test/support/temporary-store.ts';
import type { Hosts, ProcessState } from '../hosts/hosts.ts';
import { isPortFree } from '../hosts/local/is-port-free.ts';
import type { Store } from '../store/store.ts';
import { portToStart, rangeOf } from './port.ts';

const slot = { app: 'web', instance: '1', slot: 'a' } as const;

let store: Store;
let listener: Server;
let taken: number;
beforeEach(async () => {
  store = temporaryStore();
  listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  taken = (listener.address() as AddressInfo).port;
});
afterEach(() => {
  store.close();
  listener.close();
});

/** The slot's port, given to it before anybody listened there; `state` is what the host says of the slot. */
async function start(state: ProcessState | undefined): Promise<number> {
  await store.portFor({ ...slot, host: 'local' }, { from: taken, to: taken }, () => Promise.resolve(true));
  const observed =
    state === undefined
      ? []
      : [{ slot, host: 'local', state, generation: 'r+c', port: taken, restarts: 0 } as const];
  const hosts = { observe: () => Promise.resolve(observed) } as unknown as Hosts;
  const ports = { from: taken, to: taken + 20 };
  const isFree = (_host: string, port: number) => isPortFree(port);
  return portToStart({ store, hosts, ports, isPortFree: isFree }, slot, 'local');
}

const stored = () => store.portFor({ ...slot, host: 'local' }, { from: 1, to: 1 }, () => Promise.reject());

it.each([undefined, 'stopped'] as const)(
  'an instance moves to another port when a program that is not ours listens on its own (slot: %s)',
  async (state) => {
    const port = await start(state);
    expect(port).not.toBe(taken);
    expect(await stored()).toBe(port);
  },
);

it.each(['running', 'stopping', 'backoff'] as const)(
  'an instance that was started already stays on its port (slot: %s)',
  async (state) => {
    expect(await start(state)).toBe(taken);
    expect(await stored()).toBe(taken);
  },
);

it('an instance stays on its port while nobody else listens there', async () => {
  listener.close();
  await once(listener, 'close');
  expect(await start('stopped')).toBe(taken);
});

it('productions begin at different places of the same range, each always at the same one', () => {
  const ports = { from: 20000, to: 29999 };
  const first = (state: string) => rangeOf(ports, state).first!;
  expect(first('/srv/one/.fairway')).toBe(first('/srv/one/.fairway'));
  expect(first('/srv/one/.fairway')).not.toBe(first('/srv/two/.fairway'));
  for (let index = 0; index < 100; index++) {
    const place = rangeOf({ from: 3000, to: 3003 }, `/srv/${index}`).first!;
    expect(place).toBeGreaterThanOrEqual(3000);
    expect(place).toBeLessThanOrEqual(3003);
  }
});
