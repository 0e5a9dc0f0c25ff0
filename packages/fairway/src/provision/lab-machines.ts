import { readFile } from 'node:fs/promises';
import type { Machines } from '../config/machines.ts';
import type { Production } from '../config/production.ts';
import { type LabProgress, labDown, labStatus, labUp } from '../lab/lab.ts';
import { parseKnownHosts } from './host-keys.ts';
import { rememberHostKeys } from './learn-host-keys.ts';
import { provisionPaths } from './paths.ts';
import type { CreationPlace } from './place.ts';

/** Brings up the lab of a production: the machines that the file leaves to be created. The lab knows their keys. */
export async function createLabMachines(production: Production, place: CreationPlace): Promise<Machines> {
  const wanted = production.hosts.filter(({ isCreated }) => isCreated).map(({ name }) => name);
  const lab = await labUp({
    name: production.name,
    hosts: wanted,
    ...production.lab,
    onProgress: (progress) => tell(progress, place),
  });
  const machines = lab.hosts
    .filter(({ name }) => wanted.includes(name))
    .map(
      ({ name, address }) => [name, { address, identityFile: lab.privateKeyFile, lab: lab.name }] as const,
    );
  const places = new Set(machines.map(([, { address }]) => address));
  const known = parseKnownHosts(await readFile(lab.knownHostsFile, 'utf8'));
  await rememberHostKeys(
    provisionPaths(place.stateDirectory).knownHosts,
    known.filter((key) => places.has(key.place)),
  );
  return Object.fromEntries(machines);
}

/** Takes the lab down. Refuses when it has machines that this production did not create. */
export async function destroyLabMachines(machines: Machines, place: CreationPlace): Promise<void> {
  for (const name of labsOf(machines)) {
    const { hosts } = await labStatus(name);
    const foreign = hosts.filter((host) => machines[host.name]?.lab !== name).map((host) => host.name);
    if (foreign.length > 0) throw new ForeignMachines(name, foreign);
    await labDown(name, (progress) => tell(progress, place));
  }
}

function tell(progress: LabProgress, { say }: CreationPlace): void {
  if (progress.kind === 'building-base-image')
    say('Building the base image of Debian 12: once, about a minute…');
  if (progress.kind === 'host-ready') say(`${progress.host} is up`);
  if (progress.kind === 'host-removed') say(`${progress.host} is gone`);
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
