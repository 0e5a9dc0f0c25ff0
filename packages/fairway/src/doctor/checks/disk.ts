import type { Check } from '../check.ts';
import { CONTROL_MACHINE, failure, type Observation, ok, warning } from '../finding.ts';

const MEGABYTE = 1024 * 1024;
const ENOUGH = { bytes: 2048 * MEGABYTE, part: 0.1 };
const TOO_LITTLE = { bytes: 300 * MEGABYTE, part: 0.02 };

/** Room for releases, logs and state: a full disk is what stops machines most often. */
export const disk: Check = {
  name: 'disk',
  concerns: () => true,
  async examine(machine, { stateDirectory }) {
    const folders = machine.name === CONTROL_MACHINE ? ['/', stateDirectory] : ['/', '/var'];
    const options = ['--block-size=1', '--output=target,size,avail,itotal,iavail'];
    const { stdout } = await machine.run(['df', ...options, '--', ...folders]);
    const rows = stdout.trim().split('\n').slice(1);
    return [...new Set(rows)].map(observe);
  },
};

function observe(row: string): Observation {
  const [, folder, ...numbers] = /^(.*?)\s+(\d+)\s+(\d+)\s+(\d+|-)\s+(\d+|-)$/.exec(row) ?? [];
  if (folder === undefined)
    return warning(`df said "${row}", which is not understood`, 'Look yourself: df -h');
  const [size, free, nodes, freeNodes] = numbers.map(Number) as [number, number, number, number];
  const shown = `${Math.floor(free / MEGABYTE)} MB of ${Math.floor(size / MEGABYTE)} MB are free on ${folder}`;
  const next = `Free some space there: du -xh ${folder} | sort -h | tail, and journalctl --vacuum-size=200M`;
  // On a small disk a tenth is little, and on a large one much.
  const isBelow = (limit: typeof ENOUGH) => free < limit.bytes && free / size < limit.part * 2;
  if (isBelow(TOO_LITTLE)) return failure(shown, next);
  if (nodes > 0 && freeNodes / nodes < TOO_LITTLE.part)
    return failure(
      `${folder} has ${freeNodes} of ${nodes} inodes left`,
      'Remove files there: many small ones use them up',
    );
  if (isBelow(ENOUGH) || free / size < ENOUGH.part / 2) return warning(shown, next);
  return ok(shown);
}
