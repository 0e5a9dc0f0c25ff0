import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rememberProduction } from '../config/last-good.ts';
import type { Production } from '../config/production.ts';
import { OtherMachines, refuseOtherMachines } from './other-machines.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'fairway-state-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const production = (provider: Production['provider']) => ({ provider }) as Production;
const used = { apps: () => ['web'] };
const fresh = { apps: () => [] };

test('a state directory of this machine is not taken for other machines, nor the other way round', async () => {
  await refuseOtherMachines(production('ssh'), state, used);
  await rememberProduction(production('local'), state);
  await expect(refuseOtherMachines(production('ssh'), state, used)).rejects.toThrow(OtherMachines);
  await rememberProduction(production('lab'), state);
  await expect(refuseOtherMachines(production('local'), state, used)).rejects.toThrow(
    `fairway.yml says provider local, but what ${state} knows runs with provider lab`,
  );
});

test('one where nothing was deployed yet, and machines of another kind, are fine', async () => {
  await rememberProduction(production('local'), state);
  await refuseOtherMachines(production('ssh'), state, fresh);
  await rememberProduction(production('lab'), state);
  await refuseOtherMachines(production('ssh'), state, used);
});
