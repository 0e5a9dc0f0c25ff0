import { describe, expect, test } from 'vitest';
import { parseEvent } from './events.ts';
import { progressOf, withEvent } from './progress.ts';

const task = { host: 'box1', task: 'base : Install', path: '/site.yml:3', durationMs: 10 };
const none = { ok: 0, changed: 0, failures: 0, unreachable: 0, skipped: 0, rescued: 0 };
const failed = { event: 'failed', ...task, ignored: false, reason: { msg: 'no such package' } };

function after(...events: object[]) {
  const parsed = events.map((event) => parseEvent(JSON.stringify(event)));
  expect(parsed).not.toContain(undefined);
  return parsed.reduce((progress, event) => withEvent(progress, event!), progressOf(['box1'])).get('box1')!;
}

describe('the progress of a host', () => {
  test('is the task under way, with what was done and changed before it', () => {
    const host = after(
      { event: 'task', host: 'box1', task: 'base : Install' },
      { event: 'ok', ...task, changed: true, diff: [{ before: 'a', after: 'b' }] },
      { event: 'ok', ...task, changed: false, diff: [] },
      { event: 'task', host: 'box1', task: 'Next' },
    );
    expect(host).toMatchObject({ state: 'running', task: 'Next', ok: 2, spentMs: 20 });
    expect(host.changes).toEqual([
      { task: 'base: Install', diffs: [{ before: 'a', after: 'b' }], durationMs: 10 },
    ]);
  });

  test('tells of a failure what its module said, and the last of what its program wrote', () => {
    const stderr = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
    const { failure } = after({ ...failed, reason: { msg: 'it ended with 1', stderr } });
    expect(failure).toMatchObject({ host: 'box1', task: 'base: Install', path: '/site.yml:3' });
    expect(failure!.lines).toHaveLength(9);
    expect(failure!.lines.at(0)).toBe('it ended with 1');
    expect(failure!.lines.at(-1)).toBe('line 29');
  });

  test('names the item of a loop that failed, not only that one did', () => {
    const { failure } = after(
      {
        event: 'item-failed',
        host: 'box1',
        task: 'base : Install',
        item: 'redis',
        reason: { msg: 'full disk' },
      },
      { ...failed, reason: { msg: 'One or more items failed' } },
    );
    expect(failure).toMatchObject({ item: 'redis', lines: ['full disk'], path: '/site.yml:3' });
  });

  test('forgets a failure that was rescued, but not one that stopped the host', () => {
    expect(after(failed, { event: 'stats', hosts: { box1: { ...none, rescued: 1 } } })).toMatchObject({
      state: 'done',
      failure: undefined,
    });
    expect(after(failed, { event: 'stats', hosts: { box1: { ...none, failures: 1 } } })).toMatchObject({
      state: 'failed',
      failure: { lines: ['no such package'] },
    });
  });

  test('is that it cannot be reached', () => {
    const unreachable = { event: 'unreachable', ...task, reason: { msg: 'timed out' } };
    expect(
      after(unreachable, { event: 'stats', hosts: { box1: { ...none, unreachable: 1 } } }),
    ).toMatchObject({
      state: 'unreachable',
      failure: { lines: ['timed out'] },
    });
  });
});

test("what Ansible prints besides events is none, and does not break a run's output", () => {
  expect(parseEvent('[WARNING]: something')).toBeUndefined();
  expect(parseEvent('{ not json')).toBeUndefined();
  expect(parseEvent('{"event":"tomorrow"}')).toBeUndefined();
});
