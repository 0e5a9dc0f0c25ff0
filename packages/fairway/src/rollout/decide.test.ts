import { describe, expect, it } from 'vitest';
import { describeSteps, preview } from './preview.ts';
import { fiveServing, generations, planFor } from './testing/plans.ts';

const { old, fresh } = generations;
const plan = (options = {}) => planFor({ from: old, to: fresh, instances: 5, ...options });

describe('a rolling update in place', () => {
  it('takes one instance after another through drain, stop, start, check and admission', () => {
    const steps = describeSteps(preview(plan(), fiveServing(old), true));
    expect(steps.slice(0, 7)).toEqual([
      'put release new on local',
      '1: slot a gets no new requests, at most 30.0 s for the others',
      '1: idle, slot a leaves the balancer',
      '1: stop slot a',
      '1: start new in slot a',
      '1: health checks of slot a begin',
      '1: healthy, slot a takes traffic',
    ]);
    expect(steps).toHaveLength(1 + 5 * 6 + 1);
    expect(steps.at(-1)).toBe('tell the balancer the routes and limits');
  });
});

describe('a rolling update with surge', () => {
  it('boots every new instance beside the old one before any old one is drained', () => {
    const kinds = preview(plan({ surge: 5 }), fiveServing(old), true).map((action) => action.kind);
    expect(kinds.slice(0, 6)).toEqual(['install', 'start', 'start', 'start', 'start', 'start']);
    expect(kinds.lastIndexOf('start')).toBeLessThan(kinds.indexOf('drain'));
  });
});

describe('a first deploy', () => {
  it('starts everything at once, for nobody is served yet', () => {
    const kinds = preview(planFor({ to: fresh, instances: 3 }), [], false).map((action) => action.kind);
    expect(kinds).toEqual([
      'install',
      'declare',
      ...['start', 'start', 'start', 'register', 'register', 'register', 'admit', 'admit', 'admit'],
    ]);
  });
});

describe('scaling', () => {
  it('adds instances without touching those that serve', () => {
    const scaled = planFor({ from: old, to: old, instances: 5, before: 3 });
    const actions = preview(scaled, fiveServing(old).slice(0, 3), true);
    const touched = actions.flatMap((action) => ('slot' in action ? [action.slot.instance] : []));
    expect(new Set(touched)).toEqual(new Set(['4', '5']));
  });

  it('removes instances by draining them first', () => {
    const scaled = planFor({ from: old, to: old, instances: 3, before: 5 });
    const kinds = preview(scaled, fiveServing(old), true).map((action) => action.kind);
    expect(kinds.filter((kind) => kind !== 'install')).toEqual([
      'drain',
      'drain',
      'deregister',
      'deregister',
      'stop',
      'stop',
      'declare',
    ]);
  });
});

describe('removing an app', () => {
  it('drains and stops everything, then takes its routes away', () => {
    const removal = planFor({ from: old, instances: 0, before: 5 });
    const kinds = preview(removal, fiveServing(old), true).map((action) => action.kind);
    expect(kinds.at(-1)).toBe('forget');
    expect(kinds.filter((kind) => kind === 'stop')).toHaveLength(5);
  });
});
