import { describe, expect, test } from 'vitest';
import { printable } from './printable.ts';

describe('printable', () => {
  test('leaves words of any script and emoji as they are', () => {
    const text = 'Füge 用户 hinzu 👩‍👩‍👧 עברית';
    expect(printable(text)).toBe(text);
  });

  test.each([
    ['\u001b[2J\u001b]0;owned\u0007', '\\x1b[2J\\x1b]0;owned\\x07'],
    ['first\nsecond\r\tthird', 'first\\nsecond\\r\\tthird'],
    ['\u009b31m', '\\x9b31m'],
    ['access\u202egpj.exe', 'access\\u202egpj.exe'],
    ['\u2066left\u2069', '\\u2066left\\u2069'],
    ['line\u2028break', 'line\\u2028break'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['half \ud83d pair', 'half \\ud83d pair'],
  ])('shows %j as a visible escape', (hostile, shown) => {
    expect(printable(hostile)).toBe(shown);
  });
});
