import { describe, expect, it } from 'vitest';
import type { Action } from './actions.ts';
import { describeAction, describeEvent, seconds } from './describe.ts';
import type { RolloutEvent } from './events.ts';
import { generations, planFor } from './testing/plans.ts';

const by = { by: 'ada', why: '' };
const plan = planFor({ to: generations.fresh, instances: 1 });
const slot = { app: 'web', instance: '3', slot: 'b' } as const;
const generation = generations.fresh;

/** One of each type; the compiler sees to it that none is missing. */
const said: {
  readonly [Type in RolloutEvent['type']]: readonly (readonly [
    Extract<RolloutEvent, { type: Type }>,
    readonly string[],
  ])[];
} = {
  requested: [
    [{ type: 'requested', kind: 'deploy', ...by }, ['deploy asked for by ada']],
    [
      {
        type: 'requested',
        kind: 'deploy',
        by: 'ada',
        why: 'a push',
        commit: '0123456789abcdef',
        subject: 'Fix it',
      },
      ['deploy asked for by ada: a push (commit 0123456789ab "Fix it")'],
    ],
    [
      { type: 'requested', kind: 'rollback', ...by, release: 'r1' },
      ['rollback asked for by ada (release r1)'],
    ],
  ],
  queued: [[{ type: 'queued', behind: 'web-7' }, ['queued behind web-7']]],
  'build-started': [[{ type: 'build-started', commit: '0123456789abcdef' }, ['building 0123456789ab']]],
  'build-output': [[{ type: 'build-output', line: 'added 3 packages' }, ['  | added 3 packages']]],
  'build-finished': [
    [{ type: 'build-finished', release: 'r1', reused: false, seconds: 2.5 }, ['built release r1 in 2.50 s']],
    [
      { type: 'build-finished', release: 'r1', reused: true, seconds: 0 },
      ['release r1 was built before: nothing to build'],
    ],
  ],
  'build-failed': [
    [
      { type: 'build-failed', reason: 'exit code 1', tail: ['npm ERR!', 'missing script'] },
      ['build failed: exit code 1', '  | npm ERR!', '  | missing script'],
    ],
  ],
  started: [[{ type: 'started', plan, summary: 'rolling out r1' }, ['rolling out r1']]],
  'taken-up': [
    [
      { type: 'taken-up', holder: '4711' },
      ['the control server was restarted; the rollout goes on from what is observed'],
    ],
  ],
  stumbled: [[{ type: 'stumbled', reason: 'disk full' }, ['an unexpected error, will try again: disk full']]],
  'action-intended': [[{ type: 'action-intended', id: '1-stop', action: { kind: 'forget' } }, []]],
  'action-done': [[{ type: 'action-done', id: '1-stop' }, []]],
  'action-failed': [
    [
      { type: 'action-failed', id: '1-stop', reason: 'no answer in 5 s' },
      ['failed, will try again: no answer in 5 s'],
    ],
  ],
  unhealthy: [[{ type: 'unhealthy', slot: 'web/3/b', reason: '503' }, ['web/3/b became unhealthy: 503']]],
  'healthy-again': [[{ type: 'healthy-again', slot: 'web/3/b' }, ['web/3/b is healthy again']]],
  'shared-trouble': [
    [
      { type: 'shared-trouble' },
      ['every old instance fails its health check too, so what fails is likely shared (a database?)'],
    ],
  ],
  'shared-trouble-over': [
    [
      { type: 'shared-trouble-over' },
      ['not everything old fails any more; the new instances are given their time again'],
    ],
  ],
  waiting: [[{ type: 'waiting', reason: '3 of 5 serve' }, ['waiting: 3 of 5 serve']]],
  settled: [[{ type: 'settled', instance: '3', seconds: 12.34 }, ['instance 3 done after 12.3 s']]],
  paused: [
    [{ type: 'paused', ...by }, ['paused by ada']],
    [{ type: 'paused', by: 'ada', why: 'lunch' }, ['paused by ada: lunch']],
  ],
  resumed: [[{ type: 'resumed', ...by }, ['resumed by ada']]],
  'abort-requested': [
    [
      { type: 'abort-requested', by: 'ada', why: 'prices are wrong' },
      ['abort asked for by ada: prices are wrong'],
    ],
    [
      { type: 'abort-requested', by: 'alertmanager', why: 'HighErrors', alert: true, unreached: ['lb2'] },
      ['ALERT from alertmanager: HighErrors', "  the canary's share could not be taken to 0 on lb2"],
    ],
  ],
  'canary-begun': [
    [
      { type: 'canary-begun' },
      ['the new release is tried on a part of the users first; the old one serves on beside it'],
    ],
  ],
  judged: [
    [
      { type: 'judged', outcome: 'pass', sentence: 'canary 0.2 % failed' },
      ['judged: pass: canary 0.2 % failed'],
    ],
  ],
  'step-passed': [
    [
      { type: 'step-passed', step: 0, reason: 'canary 0.2 % failed' },
      ['step 1 is over: canary 0.2 % failed'],
    ],
  ],
  'share-found': [
    [{ type: 'share-found', step: 1 }, ['the balancer gives the canary the share of step 2 already']],
  ],
  'promote-requested': [
    [{ type: 'promote-requested', by: 'ada', why: '', all: false }, ['this step promoted by ada']],
    [{ type: 'promote-requested', by: 'ada', why: 'sale', all: true }, ['all steps promoted by ada: sale']],
  ],
  'taking-back': [
    [{ type: 'taking-back', reason: 'aborted by ada', evidence: [] }, ['TAKING BACK: aborted by ada']],
    [
      { type: 'taking-back', reason: '3 crashed', slot: 'web/3/b', evidence: ['boom', 'at line 3'] },
      ['TAKING BACK: 3 crashed', '  last lines of web/3/b:', '  | boom', '  | at line 3'],
    ],
    [
      { type: 'taking-back', reason: '3 crashed', slot: 'web/3/b', evidence: [] },
      ['TAKING BACK: 3 crashed', '  web/3/b wrote nothing to its log'],
    ],
  ],
  'hook-output': [
    [{ type: 'hook-output', hook: 'before_deploy', line: 'migrated' }, ['  before_deploy | migrated']],
  ],
  finished: [
    [{ type: 'finished', outcome: 'succeeded', reason: '' }, ['SUCCEEDED']],
    [
      { type: 'finished', outcome: 'succeeded', reason: 'after_deploy failed: exit code 1' },
      ['SUCCEEDED: after_deploy failed: exit code 1'],
    ],
    [
      { type: 'finished', outcome: 'taken-back', reason: '3 crashed' },
      ['TAKEN BACK, all is as it was before: 3 crashed'],
    ],
    [{ type: 'finished', outcome: 'failed', reason: 'no progress' }, ['FAILED: no progress']],
    [{ type: 'finished', outcome: 'superseded', reason: 'by web-9' }, ['superseded: by web-9']],
  ],
};

describe('an event is told in exactly these words', () => {
  const all = Object.values(said).flat() as (readonly [RolloutEvent, readonly string[]])[];
  it.each(all.map(([event, sentences]) => ({ event, sentences, type: event.type })))(
    '$type: $sentences',
    ({ event, sentences }) => {
      expect(describeEvent(event)).toEqual(sentences);
    },
  );
});

describe('text from outside', () => {
  const evil = '\u001b[2J\u001b[31mall is well\u202e\n';
  const shown = '\\x1b[2J\\x1b[31mall is well\\u202e\\n';

  it('cannot move the cursor, change colours, reorder or add lines, wherever it comes in', () => {
    const events: RolloutEvent[] = [
      { type: 'requested', kind: 'deploy', by: 'ada', why: '', commit: 'c0ffee', subject: evil },
      { type: 'build-output', line: evil },
      { type: 'build-failed', reason: evil, tail: [] },
      { type: 'action-failed', id: '1-start', reason: evil },
      { type: 'unhealthy', slot: 'web/1/a', reason: evil },
      { type: 'abort-requested', by: evil, why: '' },
      { type: 'taking-back', reason: 'it crashed', slot: 'web/1/a', evidence: [evil] },
      { type: 'hook-output', hook: 'before_deploy', line: evil },
      { type: 'finished', outcome: 'failed', reason: evil },
    ];
    for (const event of events) {
      const text = describeEvent(event).join('');
      expect(text, event.type).toContain(shown);
      expect(text, event.type).not.toMatch(/[\p{Cc}\u202e]/u);
    }
  });
});

describe('an action is told in exactly these words', () => {
  const actions: readonly (readonly [Action, string])[] = [
    [{ kind: 'install', generation, hosts: ['a', 'b', 'c'] }, 'put release new on a, b, c'],
    [{ kind: 'install', generation, hosts: ['a', 'b', 'c', 'd'] }, 'put release new on 4 hosts'],
    [
      { kind: 'hook', hook: 'before_deploy', generation, pin: 'p1', host: 'a' },
      'run before_deploy once, before any instance is touched',
    ],
    [
      { kind: 'hook', hook: 'after_deploy', generation, pin: 'p1', host: 'a' },
      'run after_deploy once, now that all serve',
    ],
    [{ kind: 'declare', pin: 'p' }, 'tell the balancer the routes and limits'],
    [{ kind: 'forget' }, 'take the routes from the balancer'],
    [{ kind: 'start', slot, host: 'a', generation }, '3: start new in slot b'],
    [{ kind: 'register', slot, host: 'a', generation }, '3: health checks of slot b begin'],
    [{ kind: 'admit', slot }, '3: healthy, slot b takes traffic'],
    [
      { kind: 'drain', slot, timeoutMs: 30_000 },
      '3: slot b gets no new requests, at most 30.0 s for the others',
    ],
    [{ kind: 'deregister', slot }, '3: idle, slot b leaves the balancer'],
    [{ kind: 'stop', slot, host: 'a' }, '3: stop slot b'],
  ];
  it.each(actions.map(([action, sentence]) => ({ action, sentence })))(
    '$sentence',
    ({ action, sentence }) => {
      expect(describeAction(action)).toBe(sentence);
    },
  );
});

describe('a duration', () => {
  it('is as exact as it is useful', () => {
    expect([0, 0.844, 9.99, 12.34, 119.4, 120, 245].map(seconds)).toEqual([
      '0.00 s',
      '0.84 s',
      '9.99 s',
      '12.3 s',
      '119.4 s',
      '2 min 0 s',
      '4 min 5 s',
    ]);
  });

  it('never has sixty seconds beside its minutes', () => {
    expect(seconds(179.7)).toBe('3 min 0 s');
  });
});
