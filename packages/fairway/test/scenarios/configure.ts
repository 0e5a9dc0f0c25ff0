import { readFile, writeFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { Rehearsal } from './rehearsal.ts';

/** Edits the production's fairway.yml, one replacement after another. Each must change something. */
export async function edit(
  { workspace }: Rehearsal,
  ...replacements: readonly (readonly [from: string | RegExp, to: string])[]
): Promise<void> {
  let text = await readFile(workspace.config, 'utf8');
  for (const [from, to] of replacements) {
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`fairway.yml has no ${from}:\n${text}`);
    text = edited;
  }
  await writeFile(workspace.config, text);
}

/** The same, for the running test only: afterwards the file is as it was. What runs is not put back. */
export async function editForThisTest(
  production: Rehearsal,
  ...replacements: readonly (readonly [from: string | RegExp, to: string])[]
): Promise<void> {
  const { config } = production.workspace;
  const before = await readFile(config, 'utf8');
  onTestFinished(() => writeFile(config, before));
  await edit(production, ...replacements);
}
