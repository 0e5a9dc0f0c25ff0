import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlFolder } from './control-folder.ts';

describe('the folder for control sockets', () => {
  it.each(['short', 'a-folder-with-a-name-so-long-that-no-unix-socket-fits-into-it-any-more'])(
    'is private, and leaves room for what ssh appends: %s',
    (name) => {
      const state = join(mkdtempSync(join(tmpdir(), 'f-')), name);
      const folder = controlFolder(state);
      expect(Buffer.byteLength(join(folder, '0'.repeat(40 + 17)))).toBeLessThan(104);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      rmSync(folder, { recursive: true });
      rmSync(join(state, '..'), { recursive: true, force: true });
    },
  );
});
