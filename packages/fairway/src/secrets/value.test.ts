import { describe, expect, test } from 'vitest';
import { secretValue, withoutLastNewline } from './value.ts';

const value = (text: string) => secretValue(Buffer.from(text));

describe('the value of a secret', () => {
  test.each([
    'pass word',
    '"quoted\' $HOME `x` \\n',
    'two\nlines\r\nand a tab\t',
    'пароль 密码 🔑',
    '\ufeffwith a mark',
    'x'.repeat(64 * 1024),
  ])('may be %j', (text) => {
    expect(value(text)).toBe(text);
  });

  test('is refused in words that do not show it', () => {
    expect(() => value('')).toThrow('the value is empty');
    expect(() => value('abc')).toThrow('the value has less than 4 characters');
    expect(() => value('secret\0')).toThrow('the value has a NUL in it');
    expect(() => value('x'.repeat(64 * 1024 + 1))).toThrow('the value is larger than 64 kB');
    expect(() => secretValue(Buffer.from([0x66, 0xff, 0x66, 0x66]))).toThrow('the value is not UTF-8');
  });

  test('ends before the newline that echo puts behind it, and before no other', () => {
    const shown = (text: string) => withoutLastNewline(Buffer.from(text)).toString();
    expect(shown('secret\n')).toBe('secret');
    expect(shown('secret\r\n')).toBe('secret');
    expect(shown('secret\n\n')).toBe('secret\n');
    expect(shown('secret')).toBe('secret');
  });
});
