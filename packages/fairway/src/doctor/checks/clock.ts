import type { Check } from '../check.ts';
import { CONTROL_MACHINE, failure, ok, warning } from '../finding.ts';

const SMALL_MS = 2_000;
const LARGE_MS = 60_000;

/** Against the control machine's clock. Nothing of Fairway depends on it, but logs and certificates do. */
export const clock: Check = {
  name: 'clock',
  concerns: (machine) => machine.name !== CONTROL_MACHINE,
  async examine(machine, { now }) {
    const before = now();
    const { stdout } = await machine.run(['date', '+%s.%N']);
    const after = now();
    const skewMs = Number(stdout) * 1000 - (before + after) / 2;
    const uncertainMs = (after - before) / 2;
    const offMs = Math.max(0, Math.abs(skewMs) - uncertainMs);
    const shown = `its clock is ${(offMs / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of the control machine`;
    const next =
      'See on both: timedatectl status; then turn time synchronization on: timedatectl set-ntp true';
    if (offMs > LARGE_MS) return [failure(shown, next)];
    if (offMs > SMALL_MS) return [warning(shown, next)];
    return [ok('its clock agrees with that of the control machine')];
  },
};
