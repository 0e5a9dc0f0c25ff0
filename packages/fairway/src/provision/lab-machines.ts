import { readFile } from 'node:fs/promises';
import type { Machines } from '../config/machines.ts';
import type { Production } from '../config/production.ts';
import { type LabProgress, labDown, labStatus, labUp } from '../lab/lab.ts';
import { type HostKey, parseKnownHosts } from './host-keys.ts';

export interface CreatedMachines {
  readonly machines: Machines;
  /** Keys of the hosts, as far as whoever made them knows. */
  readonly hostKeys: readonly HostKey[];
}

/** Brings up the lab of a production: the machines that the file leaves to be created. Harmless when they are up. */
export async function createLabMachines(
  production: Production,
  onProgress: (progress: LabProgress) => void,
): Promise<CreatedMachines> {
  const wanted = production.hosts.filter(({ isCreated }) => isCreated).map(({ name }) => name);
  const lab = await labUp({ name: production.name, hosts: wanted, ...production.lab, onProgress });
  const machines = lab.hosts
    .filter(({ name }) => wanted.includes(name))
    .map(
      ({ name, address }) => [name, { address, identityFile: lab.privateKeyFile, lab: lab.name }] as const,
    );
  const places = new Set(machines.map(([, { address }]) => address));
  const known = parseKnownHosts(await readFile(lab.knownHostsFile, 'utf8'));
  return {
    machines: Object.fromEntries(machines),
    hostKeys: known.filter(({ place }) => places.has(place)),
  };
}

/** Takes the lab down. Refuses when it has machines that this production did not create. */
export async function destroyLabMachines(
  machines: Machines,
  onProgress: (progress: LabProgress) => void,
): Promise<void> {
  for (const name of labsOf(machines)) {
    const { hosts } = await labStatus(name);
    const foreign = hosts.filter((host) => machines[host.name]?.lab !== name).map((host) => host.name);
    if (foreign.length > 0) throw new ForeignMachines(name, foreign);
    await labDown(name, onProgress);
  }
}

function labsOf(machines: Machines): string[] {
  return [...new Set(Object.values(machines).flatMap(({ lab }) => (typeof lab === 'string' ? [lab] : [])))];
}

/** The lab has machines of somebody else. */
export class ForeignMachines extends Error {
  override readonly name = 'ForeignMachines';
  readonly code = 'foreign-machines';
  readonly hint: string;
  constructor(lab: string, hosts: readonly string[]) {
    super(
      `the lab ${lab} also has ${hosts.join(', ')}, which this production did not create; nothing was destroyed`,
    );
    this.hint = `take the whole lab down yourself: fairway lab down --name ${lab}`;
  }
}
