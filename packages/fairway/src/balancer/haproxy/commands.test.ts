import { describe, expect, it } from 'vitest';
import { commandsFor, differences, isAccepted } from './commands.ts';
import type { ActualServer } from './server-states.ts';
import type { WantedServer } from './wanted.ts';

const nowhere: ActualServer = {
  backend: 'shop',
  name: 's1',
  address: '127.0.0.1',
  port: 1,
  admission: 'maint',
  up: false,
};
const wanted: WantedServer = {
  backend: 'shop',
  name: 's1',
  target: { address: '10.0.0.1', port: 20_001 },
  admission: 'drain',
  healthy: false,
  checked: true,
};
const there: ActualServer = { ...nowhere, address: '10.0.0.1', port: 20_001, admission: 'drain' };

describe('what is said to HAProxy', () => {
  it('is nothing where it is in step', () => {
    expect(commandsFor([wanted], [there])).toEqual([]);
    expect(differences([wanted], [there])).toEqual([]);
  });

  it('never lets a server out of maintenance as one that is up before it was checked', () => {
    expect(commandsFor([{ ...wanted, admission: 'ready' }], [nowhere])).toEqual([
      'set server shop/s1 addr 10.0.0.1 port 20001',
      'set server shop/s1 state drain; set server shop/s1 health down',
      'set server shop/s1 state ready',
    ]);
  });

  it('gives and takes traffic with one word', () => {
    expect(commandsFor([{ ...wanted, admission: 'ready' }], [there])).toEqual([
      'set server shop/s1 state ready',
    ]);
    expect(commandsFor([wanted], [{ ...there, admission: 'ready' }])).toEqual([
      'set server shop/s1 state drain',
    ]);
  });

  it('puts a line that was left in maintenance, and closes what is under way on it', () => {
    const { target: _gone, ...left } = wanted;
    expect(commandsFor([{ ...left, admission: 'maint' }], [there])).toEqual([
      'set server shop/s1 state maint',
      'shutdown sessions server shop/s1',
    ]);
  });

  it('says what is missing', () => {
    expect(differences([wanted], [])).toEqual(['shop/s1 is missing']);
  });
});

describe('what HAProxy answers', () => {
  it('is success only where it is known to be', () => {
    expect(isAccepted('\n')).toBe(true);
    expect(
      isAccepted("no need to change the addr, port changed from '1' to '2' by 'stats socket command'\n\n"),
    ).toBe(true);
    expect(
      isAccepted(
        "IP changed from '127.0.0.1' to '10.0.0.1', port changed from '1' to '2' by 'stats socket command'\n",
      ),
    ).toBe(true);
    expect(isAccepted('No such server.\n\n')).toBe(false);
    expect(isAccepted('Proxy is disabled.\n')).toBe(false);
  });
});
