import { coerce, satisfies } from 'semver';
import type { Check } from '../check.ts';
import { CONTROL_MACHINE, failure, type Observation, ok } from '../finding.ts';
import type { Machine } from '../machine.ts';

interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly range: string;
  readonly isOn: (machine: Machine) => boolean;
}

const isHost = (machine: Machine) => machine.name !== CONTROL_MACHINE;
const isControl = (machine: Machine) => machine.name === CONTROL_MACHINE;
const has = (role: string) => (machine: Machine) => isHost(machine) && machine.roles.includes(role);

const PROGRAMS: readonly Program[] = [
  { name: 'systemd', command: ['systemctl', '--version'], range: '>=247', isOn: isHost },
  { name: 'Python', command: ['python3', '--version'], range: '>=3.9', isOn: isHost },
  { name: 'Node', command: ['node', '--version'], range: '>=20.19', isOn: has('app') },
  { name: 'HAProxy', command: ['/usr/sbin/haproxy', '-v'], range: '>=2.6', isOn: has('balancer') },
  { name: 'Redis', command: ['redis-server', '--version'], range: '>=7', isOn: has('flags') },
  { name: 'git', command: ['git', '--version'], range: '>=2.30', isOn: isControl },
];

/** Of programs that Fairway relies on. */
export const versions: Check = {
  name: 'versions',
  concerns: () => true,
  async examine(machine) {
    const programs = PROGRAMS.filter(({ isOn }) => isOn(machine));
    const found = await Promise.all(programs.map((program) => examineOne(machine, program)));
    const bad = found.filter(({ status }) => status !== 'ok');
    return bad.length > 0 ? bad : [ok(found.map(({ message }) => message).join(', '))];
  },
};

async function examineOne(machine: Machine, { name, command, range }: Program): Promise<Observation> {
  const next = machine.name === CONTROL_MACHINE ? `Install ${name} ${range}` : 'Run "fairway provision"';
  const { exitCode, stdout, stderr } = await machine.run(command);
  if (exitCode !== 0) return failure(`${name} is missing: ${stderr.trim() || command.join(' ')}`, next);
  const version = coerce(stdout);
  if (!version || !satisfies(version, range))
    return failure(`${name} is ${version ?? stdout.split('\n')[0]}, and ${range} is needed`, next);
  return ok(`${name} ${version}`);
}
