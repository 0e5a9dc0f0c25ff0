import { describe, expect, it } from 'vitest';
import { Fleet, freshSlot, type Progress } from './fleet.ts';
import type { SlotObservation } from './observation.ts';
import { generations, planFor, serving } from './testing/plans.ts';

const { old, fresh } = generations;
const goal = planFor({ from: old, to: fresh, instances: 2 }).target;
const fleetOf = (...slots: SlotObservation[]) => new Fleet(goal, slots, true);
const progressOf = (...slots: SlotObservation[]): Progress | undefined => fleetOf(...slots).progress('1');

describe('how far an instance is from the goal', () => {
  it('is settled when the goal serves and nothing else is left', () => {
    expect(progressOf(serving('1', fresh))).toBe('settled');
    expect(
      progressOf(serving('1', fresh), { ...serving('1', old, 'b'), process: 'stopped', pool: 'absent' }),
    ).toBe('settled');
  });

  it('is outdated while something else serves', () => {
    expect(progressOf(serving('1', old))).toBe('outdated');
  });

  it('is crowded when something else serves and no slot is free', () => {
    expect(progressOf(serving('1', old), serving('1', old, 'b'))).toBe('crowded');
    expect(progressOf(serving('1', old), { ...serving('1', old, 'b'), pool: 'absent' })).toBe('crowded');
  });

  it('is moving from the moment the goal runs until all is done', () => {
    expect(progressOf({ ...serving('1', fresh), pool: 'absent' })).toBe('moving');
    expect(progressOf({ ...serving('1', fresh), healthy: false })).toBe('moving');
    expect(progressOf({ ...serving('1', fresh), process: 'backoff' })).toBe('moving');
    expect(progressOf({ ...serving('1', fresh), poolGeneration: old })).toBe('moving');
    expect(progressOf(serving('1', fresh), serving('1', old, 'b'))).toBe('moving');
  });

  it('is broken when it neither serves nor runs the goal', () => {
    expect(progressOf()).toBe('broken');
    expect(progressOf({ ...serving('1', old), healthy: false })).toBe('broken');
    expect(progressOf({ ...serving('1', old), process: 'backoff' })).toBe('broken');
    expect(progressOf({ ...serving('1', old), pool: 'draining' })).toBe('broken');
  });

  it('is surplus, then gone, where it is not wanted', () => {
    const fleet = fleetOf(serving('9', old));
    expect(fleet.progress('9')).toBe('surplus');
    fleet.see({ ...serving('9', old), process: 'stopped', pool: 'absent' });
    expect(fleet.progress('9')).toBe('gone');
  });
});

describe('a fleet', () => {
  it('counts wanted instances that answer, once each, whatever they run', () => {
    expect(fleetOf(serving('1', fresh), serving('1', old, 'b'), serving('2', old)).operational).toBe(2);
    expect(fleetOf(serving('1', old), serving('9', old)).operational).toBe(1);
  });

  it('counts wanted instances that hold both slots', () => {
    expect(fleetOf(serving('1', fresh), serving('1', old, 'b'), serving('2', old)).doubled).toBe(1);
    expect(fleetOf(serving('9', fresh), serving('9', old, 'b')).doubled).toBe(0);
  });

  it('follows a slot from one category to the next', () => {
    const fleet = fleetOf(serving('1', old), serving('2', old));
    fleet.see({ ...serving('1', old), pool: 'draining' });
    expect([...fleet.in('outdated')]).toEqual(['2']);
    expect([...fleet.in('broken')]).toEqual(['1']);
    expect(fleet.operational).toBe(1);
    fleet.see(serving('1', fresh));
    expect([...fleet.in('settled')]).toEqual(['1']);
    expect(fleet.operational).toBe(2);
  });

  it('prefers the serving slot when both run the goal', () => {
    const fleet = fleetOf({ ...serving('1', fresh), pool: 'out' }, serving('1', fresh, 'b'));
    expect(freshSlot(fleet.instance('1')!, goal)).toBe('b');
  });
});
