import { type Check, withRole } from '../check.ts';
import { ok, warning } from '../finding.ts';

/** The system must not give ports of instances to connections that go out, or an instance could not listen there. */
export const instancePorts: Check = {
  name: 'ports',
  concerns: withRole('app'),
  async examine(machine, { production }) {
    const { from, to } = production.ports;
    const { stdout } = await machine.run(['cat', '/proc/sys/net/ipv4/ip_local_port_range']);
    const [first, last] = stdout.trim().split(/\s+/).map(Number) as [number, number];
    if (to < first || from > last) return [ok(`ports ${from}-${to} are left to instances`)];
    const fact = `ports ${from}-${to} of instances overlap with those of connections that go out (${first}-${last})`;
    return [
      warning(fact, `Write ports below ${first} in fairway.yml, or set net.ipv4.ip_local_port_range there`),
    ];
  },
};
