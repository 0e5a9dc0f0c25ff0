import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { histories } from './testing/histories.ts';
import type { History } from './testing/history.ts';
import { knownHistories } from './testing/known-histories.ts';
import { type Mutant, mutants } from './testing/mutants.ts';

type Life = typeof import('./testing/life.ts');

/** Enough that each mutant is caught by many of them; the seed is fixed, so that a mutant never survives by chance. */
const sample = [...knownHistories, ...fc.sample(histories, { numRuns: 1_000, seed: 4 })];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairway-mutants-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the decisions with the mistake in it, and the simulation that runs on them. */
async function withMistake(name: string, mutant?: Mutant): Promise<Life> {
  const copy = join(folder, name);
  await cp(import.meta.dirname, copy, { recursive: true, filter: (file) => !file.endsWith('.test.ts') });
  if (mutant) {
    const file = join(copy, mutant.file);
    const parts = (await readFile(file, 'utf8')).split(mutant.find);
    expect(parts.length - 1, `occurrences of "${mutant.find}" in ${mutant.file}`).toBe(1);
    await writeFile(file, parts.join(mutant.replace));
  }
  return (await import(/* @vite-ignore */ join(copy, 'testing/life.ts'))) as Life;
}

/** How many histories it takes to see that a promise is broken, and which; undefined: it is kept. */
function firstBroken(life: Life, lives: readonly History[]): { after: number; message: string } | undefined {
  for (const [index, history] of lives.entries()) {
    try {
      life.live(history, isDeepStrictEqual);
    } catch (error) {
      return { after: index + 1, message: (error as Error).message };
    }
  }
  return undefined;
}

describe('the simulated histories', () => {
  it('break no promise with the decisions as they are', { timeout: 60_000 }, async () => {
    expect(firstBroken(await withMistake('none'), sample)).toBeUndefined();
  });

  it.each(mutants.map((mutant, index) => ({ ...mutant, name: `mutant-${index + 1}` })))(
    'catch it when $why',
    { timeout: 60_000 },
    async (mutant) => {
      const broken = firstBroken(await withMistake(mutant.name, mutant), sample);
      expect(broken, `survived ${sample.length} histories: ${mutant.why}`).toBeDefined();
      if (process.env.FAIRWAY_MUTANTS) console.log(mutant.name, mutant.why, '->', broken);
    },
  );
});
