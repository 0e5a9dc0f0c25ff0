import type { Host, Production } from '../config/production.ts';
import { SshConnection } from '../ssh/connection.ts';
import { SshError } from '../ssh/errors.ts';
import type { SshTarget } from '../ssh/target.ts';
import type { Patient } from './check.ts';
import { EVERY_CHECK } from './checks/every-check.ts';
import { examineMachine } from './examine.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import type { Machine } from './machine.ts';
import { sshMachine } from './ssh-machine.ts';
import { thisMachine } from './this-machine.ts';

/** For all that is looked at on one machine; they are looked at all at once. */
const DEADLINE_MS = 20_000;

export interface Consultation {
  readonly production: Production;
  readonly stateDirectory: string;
  readonly keyFile: string;
  /** How the control server reaches a host. */
  targetOf(host: Host): Promise<SshTarget>;
  now(): number;
}

/** Looks at this machine and at every host, and tells what is well and what is not. Changes nothing. */
export async function examineAll(consultation: Consultation): Promise<readonly Finding[]> {
  const { provider } = consultation.production;
  const hosts = provider === 'local' ? [] : consultation.production.hosts;
  const visits = await Promise.all(hosts.map((host) => visit(host, consultation)));
  const machines = visits.flatMap((one) => one.machine ?? []);
  const patient: Patient = {
    ...consultation,
    machines: new Map(machines.map((machine) => [machine.name, machine])),
  };
  try {
    const examined = await Promise.all(
      [thisMachine, ...machines].map((machine) => examineMachine(machine, EVERY_CHECK, patient, DEADLINE_MS)),
    );
    const [here = [], ...elsewhere] = examined;
    const connections = visits.map((one) => one.finding);
    return [
      ...here,
      ...hosts.flatMap(({ name }) =>
        [...connections, ...elsewhere.flat()].filter(({ machine }) => machine === name),
      ),
    ];
  } finally {
    await Promise.all(visits.map(async ({ connection }) => connection?.close()));
  }
}

interface Visit {
  readonly finding: Finding;
  readonly machine?: Machine;
  readonly connection?: SshConnection;
}

async function visit(host: Host, { targetOf, now }: Consultation): Promise<Visit> {
  const found = { machine: host.name, check: 'ssh' };
  if (host.address === undefined)
    return { finding: { ...found, ...warning('does not exist yet', 'Create it: fairway provision') } };
  try {
    const began = now();
    const target = await targetOf(host);
    const connection = await SshConnection.open(target, DEADLINE_MS);
    const message = `lets ${target.user} in within ${now() - began} ms, with the host key that is known`;
    return {
      finding: { ...found, ...ok(message) },
      connection,
      machine: sshMachine(host, connection, DEADLINE_MS),
    };
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    const fact = error.message.slice(0, -`. ${error.hint}`.length);
    return { finding: { ...found, ...failure(fact, error.hint) } };
  }
}
