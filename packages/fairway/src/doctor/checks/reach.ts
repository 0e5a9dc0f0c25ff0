import { type Check, withRole } from '../check.ts';
import { failure, type Observation, ok, warning } from '../finding.ts';
import type { Machine } from '../machine.ts';

/** Tells of each `ADDRESS PORT` whether something on the way there drops what is sent. Refused is reached. */
const PROBE = `
import socket, sys
for place in sys.argv[1:]:
    address, port = place.rsplit(" ", 1)
    try:
        socket.create_connection((address, int(port)), timeout=3).close()
        print("open")
    except ConnectionRefusedError:
        print("refused")
    except Exception as error:
        print("blocked", error)
`;

/** From the balancers to the instances: what firewalls have to let through. */
export const reach: Check = {
  name: 'firewall',
  concerns: withRole('balancer'),
  async examine(machine, { production, machines }) {
    const apps = [...machines.values()].filter(
      (other) => withRole('app')(other) && other.name !== machine.name,
    );
    if (apps.length === 0) return [];
    const { from, to } = production.ports;
    const places = apps.map(({ address }) => `${address} ${from}`);
    const { stdout, stderr, exitCode } = await machine.run(['python3', '-c', PROBE, ...places]);
    const answers = stdout.trim().split('\n');
    if (exitCode !== 0 || answers.length !== apps.length)
      return [
        warning(`the way to the instances could not be tried: ${stderr.trim()}`, 'Run "fairway provision"'),
      ];
    const blocked = apps.flatMap((app, index) => observe(app, answers[index]!, `${from}-${to}`));
    return blocked.length > 0 ? blocked : [ok(`reaches the instances' ports on ${names(apps)}`)];
  },
};

function observe(app: Machine, answer: string, ports: string): readonly Observation[] {
  if (!answer.startsWith('blocked')) return [];
  const reason = answer.slice('blocked '.length);
  return [
    failure(
      `cannot reach the instances of ${app.name} (${app.address}, ports ${ports}): ${reason}`,
      `Let the balancer through to ports ${ports} of ${app.name}: "fairway provision" does, and so must firewalls between them`,
    ),
  ];
}

function names(machines: readonly Machine[]): string {
  const all = machines.map(({ name }) => name);
  return all.length > 4 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ');
}
