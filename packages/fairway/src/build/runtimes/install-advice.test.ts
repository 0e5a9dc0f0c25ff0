import { expect, test } from 'vitest';
import { remark } from './install-advice.ts';

test.each([
  [
    'npm warn install-scripts 2 packages had install scripts blocked because they are not covered',
    'allow-scripts=PACKAGE',
  ],
  ['╭ Warning ─╮\n│ Ignored build scripts: esbuild, sqlite3. │', 'pnpm approve-builds'],
])('after "%s" it is said how to allow the scripts', (output, advice) => {
  expect(remark(output.split('\n'))).toContain(advice);
});

test('nothing is said when the scripts did run', () => {
  // npm 11 asks for a decision, but runs them.
  const asked = 'npm warn install-scripts 1 package has install scripts not yet covered by allowScripts:';
  expect(remark(['added 12 packages', asked])).toBeUndefined();
});
