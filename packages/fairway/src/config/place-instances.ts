import { isThisMachine, LOCAL_HOST } from './expand-hosts.ts';
import { type Finding, unfit } from './finding.ts';
import { didYouMean, quote } from './found.ts';
import type { Host, InstanceSpec } from './production.ts';
import { expandRange, InvalidRange } from './ranges.ts';
import type { Path } from './yaml-tree.ts';

const MOST_INSTANCES = 1000;

export interface Placement {
  readonly instances: readonly InstanceSpec[];
  readonly findings: readonly Finding[];
}

/** Which instances an app has and where: so many on this machine, or one on each of the named hosts. */
export function placeInstances(
  written: number | string | readonly string[],
  hosts: readonly Host[],
  path: Path,
): Placement {
  const count = typeof written === 'string' && /^\d+$/.test(written) ? Number(written) : written;
  if (typeof count !== 'number') return onHosts(count, hosts, path);
  if (count < 1 || count > MOST_INSTANCES) {
    const expected = `from 1 to ${MOST_INSTANCES} instances`;
    const suggestion = count === 0 ? 'To take an app out of production, remove it from the file.' : undefined;
    return { instances: [], findings: [unfit(path, written, expected, suggestion)] };
  }
  const instances = Array.from({ length: count }, (_, index) => ({
    name: String(index + 1),
    host: LOCAL_HOST.name,
  }));
  return { instances, findings: [] };
}

function onHosts(written: string | readonly string[], hosts: readonly Host[], path: Path): Placement {
  const findings: Finding[] = [];
  const instances: InstanceSpec[] = [];
  const known = hosts.map((host) => host.name);
  const texts = typeof written === 'string' ? [written] : written;
  if (texts.length === 0) findings.push(unfit(path, written, 'at least one instance'));
  for (const [index, text] of texts.entries()) {
    const at = typeof written === 'string' ? path : [...path, index];
    const problem = placeOn(text);
    if (problem) findings.push(unfit(at, text, ...problem));
  }
  return { instances, findings };

  function placeOn(text: string): [expected: string, suggestion?: string] | undefined {
    let names: readonly string[];
    try {
      names = expandRange(text);
    } catch (error) {
      if (error instanceof InvalidRange) return [error.message];
      throw error;
    }
    for (const name of names) {
      const host = hosts.find((one) => one.name === name);
      if (!host) return [hostExpected(name), didYouMean(name, known)];
      if (!isThisMachine(host)) {
        return [
          `hosts of this machine: ${host.name} is ${host.address}, and provider local runs every instance here`,
          'Write a number of instances.',
        ];
      }
      if (instances.some((one) => one.name === name)) return [`each host once (${name} is named before)`];
      // Another name of this machine: the instance keeps the name, the machine is one.
      instances.push({ name, host: LOCAL_HOST.name });
    }
    return undefined;
  }

  function hostExpected(name: string): string {
    return `a number or names under hosts (there is no ${quote(name)})`;
  }
}
