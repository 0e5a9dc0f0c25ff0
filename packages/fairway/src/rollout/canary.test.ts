import { describe, expect, it } from 'vitest';
import { advance } from './advance.ts';
import { decide } from './decide.ts';
import type { RolloutEvent } from './events.ts';
import { Fleet } from './fleet.ts';
import type { SlotObservation, VerdictSeen } from './observation.ts';
import { describeSteps, preview } from './preview.ts';
import { begin, goalOf, type RolloutState } from './state.ts';
import { canaryPlan, fiveServing, generations, serving } from './testing/plans.ts';

const { old, fresh } = generations;
const plan = canaryPlan({ from: old, to: fresh, instances: 5 });
const pass: VerdictSeen = { outcome: 'pass', sentence: 'canary 0.1 % failed of 900' };

/** A rollout whose first step has just got its share. */
function atFirstStep(): { state: RolloutState; slots: SlotObservation[] } {
  const state = begin(plan, 0);
  const events: RolloutEvent[] = [
    { type: 'canary-begun' },
    {
      type: 'action-intended',
      id: '1-install',
      action: { kind: 'install', generation: fresh, hosts: ['local'] },
    },
    { type: 'action-done', id: '1-install' },
    {
      type: 'action-intended',
      id: '2-set-share',
      action: { kind: 'set-share', basisPoints: 500, offset: 7_142, step: 0 },
    },
    { type: 'action-done', id: '2-set-share' },
  ];
  for (const event of events) advance(state, event, 0);
  return { state, slots: [...fiveServing(old), { ...serving('1', fresh, 'b'), side: 'canary' }] };
}

function decideAt(
  { state, slots }: ReturnType<typeof atFirstStep>,
  now: number,
  verdict?: VerdictSeen,
  basisPoints = 500,
) {
  const split = { share: { basisPoints, offset: 7_142 }, ...(verdict && { verdict }) };
  return decide(state, new Fleet(goalOf(state), slots, true, split), now);
}

describe('a canary', () => {
  it('grows beside what is stable, becomes it, and only then the old one is retired', () => {
    const steps = describeSteps(preview(plan, fiveServing(old), true));
    const told = steps.filter((step) => /users|stable|start|stop/.test(step));
    expect(told).toEqual([
      '1: start new in slot b',
      '5 % of the users go to the canary',
      '2: start new in slot b',
      '3: start new in slot b',
      '50 % of the users go to the canary',
      '4: start new in slot b',
      '5: start new in slot b',
      '100 % of the users go to the canary',
      'release new becomes the stable one; what was before gets no new requests',
      ...[1, 2, 3, 4, 5].map((instance) => `${instance}: stop slot a`),
    ]);
    expect(steps.at(-1)).toBe('tell the balancer the routes and limits');
  });

  it('is a rolling update where nothing old answers that it could be compared with', () => {
    const down = fiveServing(old).map((slot) => ({ ...slot, healthy: false }));
    const kinds = preview(plan, down, true).map(({ kind }) => kind);
    expect(kinds).not.toContain('set-share');
  });

  it('goes on when the time of a step is over and the judge is content, and says on what evidence', () => {
    const canary = atFirstStep();
    expect(decideAt(canary, 59_999, pass).events).toEqual([]);
    expect(decideAt(canary, 60_000, pass).events).toEqual([
      { type: 'step-passed', step: 0, reason: pass.sentence },
    ]);
  });

  it('holds for as long as the judge cannot tell, however long, and says so', () => {
    const canary = atFirstStep();
    const unsure: VerdictSeen = { outcome: 'inconclusive', sentence: 'too little' };
    const { events, actions } = decideAt(canary, 86_400_000, unsure);
    expect(actions).toEqual([]);
    expect(events).toEqual([
      {
        type: 'waiting',
        reason:
          'the judge cannot tell yet whether the canary is as good, and says why in fairway status; go on with: fairway promote web',
      },
    ]);
  });

  it('has no step to be ended before the first one has its share', () => {
    const begun = begin(plan, 0);
    advance(begun, { type: 'canary-begun' }, 0);
    advance(begun, { type: 'promote-requested', by: 'ada', why: '', all: false }, 0);
    expect(begun.forced).toBe(begin(plan, 0).forced);
    advance(begun, { type: 'promote-requested', by: 'ada', why: '', all: true }, 0);
    expect(begun.forced).toBeGreaterThan(begin(plan, 0).forced);
  });

  it('goes on when an operator says so', () => {
    const canary = atFirstStep();
    advance(canary.state, { type: 'promote-requested', by: 'ada', why: '', all: false }, 1_000);
    expect(decideAt(canary, 1_000).actions.map(({ action }) => action.kind)).toEqual(['start', 'start']);
  });

  it('goes as soon as the judge condemns it, with the evidence', () => {
    const fail: VerdictSeen = { outcome: 'fail', sentence: 'canary 31 % failed of 210' };
    expect(decideAt(atFirstStep(), 1_000, fail).events).toEqual([
      {
        type: 'taking-back',
        evidence: [],
        reason: 'the canary does worse than the stable instances: canary 31 % failed of 210',
      },
    ]);
  });

  it('goes when its users were taken from it by somebody else', () => {
    expect(decideAt(atFirstStep(), 1_000, pass, 0).events[0]).toMatchObject({
      type: 'taking-back',
      reason: expect.stringMatching(/has taken it back$/),
    });
  });

  it('begins its step again after a restart, and raises nothing before', () => {
    const canary = atFirstStep();
    advance(canary.state, { type: 'step-passed', step: 0, reason: '' }, 60_000);
    advance(canary.state, { type: 'taken-up', holder: 'another' }, 100_000);
    expect(decideAt(canary, 100_000, pass)).toMatchObject({ events: [], actions: [] });
    expect(decideAt(canary, 160_000, pass).events).toMatchObject([{ type: 'step-passed' }]);
  });

  it('takes the share to 0 first when it goes back, whatever else there is to do', () => {
    const canary = atFirstStep();
    advance(canary.state, { type: 'abort-requested', by: 'ada', why: '' }, 1_000);
    advance(canary.state, { type: 'taking-back', reason: 'aborted', evidence: [] }, 1_000);
    const { actions } = decideAt(canary, 1_000, pass);
    expect(actions.map(({ action }) => action)).toEqual([
      { kind: 'set-share', basisPoints: 0, offset: 7_142 },
    ]);
  });
});
