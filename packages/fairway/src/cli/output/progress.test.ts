import { describe, expect, test } from 'vitest';
import { describeEvent } from '../../rollout/describe.ts';
import type { RolloutEvent } from '../../rollout/events.ts';
import type { LiveEntry, RolloutRecord } from '../../server/api.ts';
import { Progress, renderOutcome } from './progress.ts';
import { chooseStyle } from './style.ts';

const START = 1_800_000_000_000;
const GENERATION = '3f2a91c4d5e6-aa12bb34cc56+c1' as const;
const slot = { app: 'web', instance: '3', slot: 'b' } as const;
const plain = chooseStyle({ env: {}, isTerminal: false, columns: undefined, color: true });
const colored = chooseStyle({
  env: { FORCE_COLOR: '1' },
  isTerminal: false,
  columns: undefined,
  color: true,
});

function entry(afterMs: number, event: RolloutEvent): LiveEntry {
  return {
    sequence: afterMs,
    at: START + afterMs,
    app: 'web',
    rollout: 'web-7',
    event,
    text: [...describeEvent(event)],
  };
}

describe('progress', () => {
  test('tells what each action did, with the time since the rollout was asked for', () => {
    const progress = new Progress(plain, START);
    const story: LiveEntry[] = [
      entry(11_500, {
        type: 'action-intended',
        id: '4-start',
        action: { kind: 'start', slot, host: 'local', generation: GENERATION },
      }),
      entry(11_550, { type: 'action-done', id: '4-start' }),
      entry(12_200, { type: 'action-intended', id: '5-admit', action: { kind: 'admit', slot } }),
      entry(12_300, { type: 'action-done', id: '5-admit' }),
      entry(75_000, {
        type: 'action-intended',
        id: '6-stop',
        action: { kind: 'stop', slot: { ...slot, slot: 'a' }, host: 'local' },
      }),
      entry(75_400, { type: 'action-done', id: '6-stop' }),
    ];
    expect(story.flatMap((one) => progress.render(one))).toEqual([
      '  11.5s  web/3/b  starting 3f2a91c',
      '  12.3s  web/3/b  admitted: healthy after 0.8s',
      '1m15.4s  web/3/a  stopped in 0.4s',
    ]);
  });

  test('names the place of an action that failed', () => {
    const progress = new Progress(plain, START);
    progress.render(
      entry(0, {
        type: 'action-intended',
        id: '4-start',
        action: { kind: 'start', slot, host: 'local', generation: GENERATION },
      }),
    );
    const failed = entry(100, { type: 'action-failed', id: '4-start', reason: 'no space left' });
    expect(progress.render(failed)).toEqual([
      '   0.1s  web/3/b  start failed, will try again: no space left',
    ]);
  });

  test('sets what a build printed apart from what the rollout did', () => {
    const progress = new Progress(plain, START);
    expect(progress.render(entry(900, { type: 'build-output', line: 'added 3 packages' }))).toEqual([
      '         | added 3 packages',
    ]);
  });

  test('shows the evidence below a decision, and colours what is bad', () => {
    const back = entry(2000, {
      type: 'taking-back',
      reason: 'web/3/b did not become healthy',
      slot: 'web/3/b',
      evidence: ['Error: \u001b[31mno database'],
    });
    expect(new Progress(plain, START).render(back)).toEqual([
      '   2.0s  TAKING BACK: web/3/b did not become healthy',
      '           last lines of web/3/b:',
      '           | Error: \\x1b[31mno database',
    ]);
    expect(new Progress(colored, START).render(back)[0]).toContain('\u001b[31mTAKING BACK');
  });

  test('passes over events of a later version that have no sentence', () => {
    const unknown = { ...entry(0, { type: 'healthy-again', slot: 'web/3/b' }), text: [] };
    expect(new Progress(plain, START).render({ ...unknown, event: { type: 'new' } as never })).toEqual([]);
  });
});

describe('the outcome', () => {
  const ended: RolloutRecord = {
    id: 'web-7',
    app: 'web',
    kind: 'deploy',
    status: 'succeeded',
    by: 'anna',
    why: '',
    requestedAt: START,
    finishedAt: START + 12_340,
  };

  test.each([
    [{}, ['ok web-7 succeeded after 12.3s']],
    [
      { status: 'failed', outcome: 'the build failed' },
      ['!! web-7 FAILED after 12.3s: the build failed', 'Next: fairway show web-7'],
    ],
    [
      { status: 'taken-back', outcome: 'web/3 never became healthy' },
      ['!! web-7 was TAKEN BACK after 12.3s: web/3 never became healthy', 'Next: fairway show web-7'],
    ],
    [{ status: 'superseded', outcome: 'by web-9' }, ['! web-7 was superseded: by web-9']],
    [{ status: 'queued' }, ['web-7 is still going (queued): fairway status web']],
  ] as const)('of %j is said in so many words', (more, lines) => {
    expect(renderOutcome({ ...ended, ...more }, plain)).toEqual(lines);
  });

  test('stands out on a terminal', () => {
    const style = chooseStyle({ env: { LANG: 'en_US.UTF-8' }, isTerminal: true, columns: 80, color: true });
    expect(renderOutcome(ended, style)).toEqual([
      '\u001b[1m\u001b[32m✔ web-7 succeeded after 12.3s\u001b[39m\u001b[22m',
    ]);
  });
});
