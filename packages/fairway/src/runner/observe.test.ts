import { describe, expect, it } from 'vitest';
import type { PoolServer } from '../balancer/balancer.ts';
import { mergeSlots } from './observe.ts';

const server: PoolServer = {
  slot: { app: 'web', instance: 'box1', slot: 'a' },
  id: 'web/box1/a',
  host: '10.0.0.21',
  port: 4000,
  side: 'baseline',
  generation: 'old+c0',
  state: 'serving',
  healthy: true,
  inFlight: 0,
};

describe('what the balancer knows and the hosts do not tell', () => {
  it('is not there, where its host answers', () => {
    expect(mergeSlots([], [server])).toMatchObject([{ process: 'absent', pool: 'serving' }]);
  });

  it('may well run, where its host cannot be reached: it is not taken out for that', () => {
    expect(mergeSlots([], [server], new Set(['box1']))).toMatchObject([
      { process: 'unknown', host: 'box1', generation: 'old+c0', pool: 'serving', healthy: true },
    ]);
  });
});
