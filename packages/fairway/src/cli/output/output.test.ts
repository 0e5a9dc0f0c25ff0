import { describe, expect, test } from 'vitest';
import { bytes, renderReleases, renderRollouts } from './lists.ts';
import { renderLogLine } from './logs.ts';
import { chooseStyle } from './style.ts';
import { renderTable } from './table.ts';
import { ago, elapsed, withIsoTimes } from './times.ts';

const plain = chooseStyle({ env: {}, isTerminal: false, columns: undefined, color: true });
const colored = chooseStyle({
  env: { FORCE_COLOR: '1' },
  isTerminal: false,
  columns: undefined,
  color: true,
});
const NOW = 1_800_000_000_000;

describe('the style', () => {
  const isColored = (env: Record<string, string>, isTerminal: boolean, color = true) =>
    chooseStyle({ env, isTerminal, columns: 80, color }).paint.isColorSupported;

  test('has colours on a terminal only, unless the environment or --no-color says otherwise', () => {
    expect(isColored({}, true)).toBe(true);
    expect(isColored({}, false)).toBe(false);
    expect(isColored({ NO_COLOR: '1' }, true)).toBe(false);
    expect(isColored({ NO_COLOR: '' }, true)).toBe(true);
    expect(isColored({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(isColored({ FORCE_COLOR: '0' }, true)).toBe(false);
    expect(isColored({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(isColored({ TERM: 'dumb' }, true)).toBe(false);
    expect(isColored({ FORCE_COLOR: '1' }, true, false)).toBe(false);
  });

  test('degrades its symbols where the locale has no Unicode', () => {
    const symbols = (env: Record<string, string>) =>
      chooseStyle({ env, isTerminal: true, columns: 80, color: true }).symbols.good;
    expect(symbols({ LANG: 'en_US.UTF-8' })).toBe('✔');
    expect(symbols({ LANG: 'C' })).toBe('ok');
    expect(symbols({ LC_ALL: 'C', LANG: 'en_US.UTF-8' })).toBe('ok');
    expect(symbols({ LANG: 'en_US.UTF-8', TERM: 'linux' })).toBe('ok');
  });
});

describe('times', () => {
  test.each([
    [500, 'just now'],
    [42_000, '42 s ago'],
    [3 * 60_000, '3 min ago'],
    [26 * 3_600_000, '26 h ago'],
    [12 * 86_400_000, '12 days ago'],
  ])('%d ms in the past is %s', (age, words) => {
    expect(ago(NOW - age, NOW)).toBe(words);
  });

  test.each([
    [0, '0.0s'],
    [12_340, '12.3s'],
    [59_960, '1m00.0s'],
    [62_340, '1m02.3s'],
  ])('%d ms on the stopwatch are %s', (ms, words) => {
    expect(elapsed(ms)).toBe(words);
  });

  test('are ISO 8601 for scripts, wherever they lie in an answer', () => {
    const answer = {
      at: NOW,
      apps: [{ standing: { since: NOW }, rollout: { requestedAt: NOW, port: 4000 } }],
    };
    const iso = new Date(NOW).toISOString();
    expect(withIsoTimes(answer)).toEqual({
      at: iso,
      apps: [{ standing: { since: iso }, rollout: { requestedAt: iso, port: 4000 } }],
    });
  });
});

describe('tables', () => {
  test('align wide characters and cut only the flexible column', () => {
    const narrow = chooseStyle({
      env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
      isTerminal: true,
      columns: 24,
      color: true,
    });
    const columns = [{ title: 'NAME' }, { title: 'SUBJECT', flexible: true }, { title: 'N' }];
    const rows = [
      [{ text: '商店' }, { text: 'a long subject indeed' }, { text: '1' }],
      [{ text: 'shop' }, { text: 'short' }, { text: '22' }],
    ];
    expect(renderTable(columns, rows, narrow)).toEqual([
      'NAME  SUBJECT         N',
      '商店  a long subjec…  1',
      'shop  short           22',
    ]);
  });

  test('colours do not move the columns', () => {
    const cells = [[{ text: 'ab', paint: colored.paint.red }, { text: 'c' }]];
    const [, row] = renderTable([{ title: 'LONGER' }, { title: 'X' }], cells, colored);
    expect(row).toBe('\u001b[31mab\u001b[39m      c');
  });

  test('list releases and rollouts', () => {
    const release = {
      app: 'shop',
      id: '3f2a91c4d5e6-aa12bb34cc56',
      commit: '3f2a91c4d5e6f708192a3b4c5d6e7f8091a2b3c4',
      subject: 'Fix the cart',
      author: 'Anna',
      sha256: '00',
      sizeBytes: 1_234_567,
      builtAt: NOW - 60_000,
      standing: 'current' as const,
    };
    expect(renderReleases([release], NOW, plain)).toEqual([
      'RELEASE                    COMMIT   STANDING  BUILT      SIZE    SUBJECT',
      '3f2a91c4d5e6-aa12bb34cc56  3f2a91c  current   1 min ago  1.2 MB  Fix the cart',
    ]);
    const rollout = {
      id: 'shop-2',
      app: 'shop',
      kind: 'rollback' as const,
      status: 'succeeded' as const,
      release: release.id,
      by: 'anna',
      why: 'broken',
      requestedAt: NOW - 5000,
      finishedAt: NOW,
      outcome: 'all serve',
    };
    expect(renderRollouts([rollout], NOW, plain)).toEqual([
      'ROLLOUT  WHAT                 STATUS     ASKED    BY    OUTCOME',
      'shop-2   rollback to 3f2a91c  succeeded  5 s ago  anna  all serve',
    ]);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [84_000_000, '84 MB'],
    [3_000_000_000_000, '3000 GB'],
  ])('%d bytes are %s', (size, words) => {
    expect(bytes(size)).toBe(words);
  });
});

describe('a log line', () => {
  const line = { instance: '2', text: '\u001b[31mred\u001b[0m\tthen \u001b[2J' };

  test('keeps no colours of the app where there are none, and obeys no other sequence', () => {
    expect(renderLogLine(line, plain)).toBe('2 | red\tthen \\x1b[2J');
  });

  test('keeps them where there are, and does not let them run on', () => {
    expect(renderLogLine(line, colored)).toBe(
      '\u001b[35m2 |\u001b[39m \u001b[31mred\u001b[0m\tthen \\x1b[2J\u001b[0m',
    );
  });
});
