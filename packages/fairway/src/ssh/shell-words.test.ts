import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWords } from './shell-words.ts';

describe('words for a shell', () => {
  it('leave plain words as they are', () => {
    expect(shellWords(['systemctl', 'show', '--property', '/a/b.c'])).toBe(
      'systemctl show --property /a/b.c',
    );
  });

  it('quote what a shell would take as something else', () => {
    expect(shellWords(['FOO=1', '', '$HOME', "it's", 'a;b', '~', '*'])).toBe(
      `'FOO=1' '' '$HOME' 'it'\\''s' 'a;b' '~' '*'`,
    );
  });

  it('come out of a shell as they went in, whatever they hold', () => {
    const word = fc
      .string({ unit: 'binary' })
      .filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const line = `printf '%s\\0' ${shellWords(words)}`;
        expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' }).split('\0').slice(0, -1)).toEqual(
          words,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('refuse a NUL, which no command line can hold', () => {
    expect(() => shellWords(['a\0b'])).toThrow('NUL');
  });
});
