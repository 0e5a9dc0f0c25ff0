import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../test/support/wait-until.ts';
import { readTail } from './log-tail.ts';
import { SlotLog } from './slot-log.ts';

describe('the log of a slot', () => {
  let folder: string;
  let file: string;
  let log: SlotLog;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairway-log-'));
    file = join(folder, '1-a.log');
    log = new SlotLog(file);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const tail = async (lines: number) => {
    const taken: string[] = [];
    for await (const line of log.read({ lines, follow: false }, new AbortController().signal))
      taken.push(line);
    return taken;
  };

  it('gives nothing where nothing was written, and nothing when no line is asked for', async () => {
    expect(await tail(5)).toEqual([]);
    appendFileSync(file, 'a\nb\n');
    expect(await tail(0)).toEqual([]);
  });

  it.each([
    ['a\nb\nc\n', 2, ['b', 'c']],
    ['a\nb\nc', 2, ['b', 'c']],
    ['a\nb\n', 9, ['a', 'b']],
    ['\n\n\n', 2, ['', '']],
    ['a\r\nb\r\n', 1, ['b']],
    ['\na\n', 1, ['a']],
    ['é\n用户\n', 1, ['用户']],
  ])('gives the last lines of %j: %i are %j', async (text, lines, expected) => {
    appendFileSync(file, text);
    expect(await tail(lines)).toEqual(expected);
  });

  it('gives the last lines across blocks and across files that were set aside', async () => {
    const numbered = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `line ${from + index} ${'x'.repeat(90)}`);
    appendFileSync(file, `${numbered(0, 2000).join('\n')}\n`);
    log.rotate(1000, 3);
    appendFileSync(file, `${numbered(2000, 3000).join('\n')}\n`);
    expect(await tail(2500)).toEqual(numbered(500, 3000));
    expect(await tail(9999)).toEqual(numbered(0, 3000));
  });

  it('cuts a line that never ends, instead of holding all of it', async () => {
    appendFileSync(file, 'x'.repeat(200_000));
    const lines = await tail(1);
    expect(lines.map((line) => line.length)).toEqual([65_536, 65_536, 65_536, 3_392]);
  });

  it('is set aside only above its size, and keeps as many older files as asked', () => {
    appendFileSync(file, 'small\n');
    log.rotate(6, 2);
    expect(readdirSync(folder)).toEqual(['1-a.log']);
    for (const text of ['one\n', 'two\n', 'three\n']) {
      appendFileSync(file, text);
      log.rotate(3, 2);
    }
    expect(readdirSync(folder).sort()).toEqual(['1-a.log', '1-a.log.1', '1-a.log.2']);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('three\n');
    expect(readFileSync(`${file}.2`, 'utf8')).toBe('two\n');
    appendFileSync(file, 'four\n');
    log.rotate(3, 0);
    expect(readdirSync(folder)).toEqual(['1-a.log']);
  });

  it('loses nothing to a rotation that was cut short', async () => {
    appendFileSync(`${file}.next`, 'before the crash\n');
    appendFileSync(file, 'after it\n');
    log.rotate(1, 3);
    expect(await tail(9)).toEqual(['before the crash', 'after it']);
  });

  it('reads of a file that grows only what was there, the rest being for the follower', () => {
    appendFileSync(file, 'one\ntwo\n');
    appendFileSync(file, 'written meanwhile\n');
    expect(readTail([file], { from: 0, to: 'one\ntwo\n'.length }, 9).toString()).toBe('one\ntwo\n');
  });

  it('tells nothing from before a begin, until the file was set aside since', async () => {
    appendFileSync(file, 'of the last release\n');
    const begin = 'of the last release\n'.length;
    const since = async () => {
      const taken: string[] = [];
      const query = { lines: 9, follow: false, begin };
      for await (const line of log.read(query, new AbortController().signal)) taken.push(line);
      return taken;
    };
    expect(await since()).toEqual([]);
    appendFileSync(file, 'of this one\n');
    expect(await since()).toEqual(['of this one']);
    log.rotate(1, 3);
    expect(await since()).toEqual(['of the last release', 'of this one']);
  });

  it('shows a follower every line once and in order while the file is set aside again and again', async () => {
    appendFileSync(file, 'old\nlast\n');
    const ending = new AbortController();
    const taken: string[] = [];
    const reading = (async () => {
      for await (const line of log.read({ lines: 1, follow: true }, ending.signal)) taken.push(line);
    })();
    const expected = ['last'];
    for (let number = 0; number < 2000; number += 1) {
      // Pieces that end in the middle of a line, as a program's writes do.
      appendFileSync(file, `line ${number}\nbeg`);
      appendFileSync(file, 'inning\n');
      expected.push(`line ${number}`, 'beginning');
      if (number % 7 === 0) log.rotate(100, 3);
      if (number % 500 === 0)
        await waitUntil('the follower to catch up', () => taken.length >= expected.length);
    }
    await waitUntil('all lines', () => taken.length >= expected.length);
    ending.abort();
    await reading;
    expect(taken).toEqual(expected);
  });
});
