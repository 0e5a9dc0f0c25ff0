import { isThisMachine, LOCAL_HOST, type NamedHost } from './expand-hosts.ts';
import { type Finding, unfit } from './finding.ts';
import { didYouMean, quote } from './found.ts';
import type { InstanceSpec, Production } from './production.ts';
import { expandRange, InvalidRange } from './ranges.ts';
import type { AppSection } from './schema/app-schema.ts';
import type { Path } from './yaml-tree.ts';

const MOST_INSTANCES = 1000;
const DEFAULT_COUNT = 2;

export interface Placement {
  readonly instances: readonly InstanceSpec[];
  readonly findings: readonly Finding[];
}

interface Place {
  readonly provider: Production['provider'];
  readonly hosts: readonly NamedHost[];
  readonly path: Path;
}

/** Which instances an app has and where: so many on this machine, or as many as wanted on each of the named hosts. */
export function placeInstances(written: AppSection['instances'], place: Place): Placement {
  if (written === undefined) return onThisMachine(DEFAULT_COUNT, written, place);
  const count = typeof written === 'string' && /^\d+$/.test(written) ? Number(written) : written;
  if (typeof count === 'number') return onThisMachine(count, written, place);
  if (typeof count === 'string' || Array.isArray(count)) return onHosts(count as string, 1, place);
  const { hosts, per_host: perHost } = count as Extract<AppSection['instances'], { per_host: number }>;
  return onHosts(hosts, perHost, { ...place, path: [...place.path, 'hosts'] });
}

function onThisMachine(count: number, written: unknown, { provider, path }: Place): Placement {
  if (provider !== 'local') {
    const expected = `hosts such as box[1-3]: with provider ${provider} an instance runs on a host that is named`;
    return { instances: [], findings: [unfit(path, written, expected)] };
  }
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

function onHosts(
  written: string | readonly string[],
  perHost: number,
  { provider, hosts, path }: Place,
): Placement {
  const findings: Finding[] = [];
  const instances = new Map<string, InstanceSpec>();
  const known = hosts.map((host) => host.name);
  const texts = typeof written === 'string' ? [written] : written;
  if (texts.length === 0) findings.push(unfit(path, written, 'at least one instance'));
  for (const [index, text] of texts.entries()) {
    const at = typeof written === 'string' ? path : [...path, index];
    const problem = placeOn(text);
    if (problem) findings.push(unfit(at, text, ...problem));
  }
  return { instances: [...instances.values()], findings };

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
      if (provider === 'local' && !isThisMachine(host)) {
        return [
          `hosts of this machine: ${host.name} is ${host.address}, and provider local runs every instance here`,
          'Write a number of instances.',
        ];
      }
      for (const instance of namesOn(name)) {
        if (instances.has(instance)) return [`each host once (${instance} is named before)`];
        // Another name of this machine: the instance keeps the name, the machine is one.
        instances.set(instance, { name: instance, host: provider === 'local' ? LOCAL_HOST.name : name });
      }
    }
    return undefined;
  }

  /** The first is called as its host, so that it stays when more join it. */
  function namesOn(host: string): readonly string[] {
    return Array.from({ length: perHost }, (_, index) => (index === 0 ? host : `${host}-${index + 1}`));
  }

  function hostExpected(name: string): string {
    const expected = provider === 'local' ? 'a number or names under hosts' : 'names under hosts';
    return `${expected} (there is no ${quote(name)})`;
  }
}
