import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { createWorkspace, removeWorkspace } from '../../../demo/src/demo/workspace.ts';

const TRY = fileURLToPath(new URL('../../../demo/dist/try/main.js', import.meta.url));

it('npm run try takes any repository through a deploy, an update and a rollback, and leaves nothing', async () => {
  const workspace = await createWorkspace();
  try {
    const json = join(workspace.folder, 'figures.json');
    const tried = await execa(process.execPath, [TRY, workspace.app, '--health', '/health', '--json', json], {
      reject: false,
      env: { NO_COLOR: '1' },
    });
    expect(tried.exitCode, tried.stderr).toBe(0);
    const figures = JSON.parse(await readFile(json, 'utf8'));
    expect(figures).toMatchObject({
      update: { failed: 0, minServing: 2 },
      rollback: { failed: 0 },
      servingAfter: 3,
    });
    expect(figures.update.sent).toBeGreaterThan(10);
  } finally {
    await removeWorkspace(workspace);
  }
});

it('npm run try says how it is used', async () => {
  const { exitCode, stderr } = await execa(process.execPath, [TRY], { reject: false });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('REPOSITORY') });
});
