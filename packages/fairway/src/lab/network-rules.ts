import { bridgeName, detourNames, portName, tableName } from './naming.ts';
import { type Cut, type LabRecord, requireHost } from './record.ts';
import { machineAddress } from './subnet.ts';

/**
 * The lab's whole nftables ruleset, for one `nft -f`: hosts reach the outside through this machine's address, and
 * what is cut or lossy is so at the bridge, where no host's own firewall can undo it.
 */
export function networkRules(record: LabRecord): string {
  const table = tableName(record.name);
  const { forward, input, output } = bridgeRules(record);
  return [
    ...replaced(`ip ${table}`),
    `table ip ${table} {`,
    ...chain('nat', 'type nat hook postrouting priority srcnat', [
      `ip saddr ${record.subnet} ip daddr != ${record.subnet} masquerade`,
    ]),
    ...chain('forward', 'type filter hook forward priority filter', [
      `iifname "${bridgeName(record.name)}" accept`,
      `oifname "${bridgeName(record.name)}" accept`,
    ]),
    '}',
    ...replaced(`bridge ${table}`),
    `table bridge ${table} {`,
    ...chain('forward', 'type filter hook forward priority filter', forward),
    ...chain('input', 'type filter hook input priority filter', input),
    ...chain('output', 'type filter hook output priority filter', output),
    '}',
    '',
  ].join('\n');
}

/** Naming the table first makes the deletion succeed when there is none. */
function replaced(table: string): readonly string[] {
  return [`table ${table}`, `delete table ${table}`];
}

function chain(name: string, hook: string, rules: readonly string[]): readonly string[] {
  return [`  chain ${name} {`, `    ${hook}; policy accept`, ...rules.map((rule) => `    ${rule}`), '  }'];
}

interface BridgeRules {
  /** Between hosts; from a host to this machine, or through it; the other way. */
  readonly forward: readonly string[];
  readonly input: readonly string[];
  readonly output: readonly string[];
}

function bridgeRules(record: LabRecord): BridgeRules {
  const parts = [
    ...record.faults.cuts.map((cut) => cutRules(record, cut)),
    ...Object.entries(record.faults.slow).map(([host, { lossBasisPoints }]) =>
      lossRules(port(record, host), lossBasisPoints),
    ),
  ];
  return {
    forward: parts.flatMap((part) => part.forward),
    input: parts.flatMap((part) => part.input),
    output: parts.flatMap((part) => part.output),
  };
}

function cutRules(record: LabRecord, { host, from }: Cut): BridgeRules {
  const one = ports(record, host);
  switch (from.kind) {
    case 'all':
      return {
        forward: [`iifname ${one} drop`, `oifname ${one} drop`],
        input: [`iifname ${one} drop`],
        output: [`oifname ${one} drop`],
      };
    case 'machine': {
      const machine = machineAddress(record.subnet);
      return {
        forward: [],
        input: [`iifname ${one} ip daddr ${machine} drop`],
        output: [`oifname ${one} ip saddr ${machine} drop`],
      };
    }
    case 'host': {
      const other = ports(record, from.host);
      return {
        forward: [`iifname ${one} oifname ${other} drop`, `iifname ${other} oifname ${one} drop`],
        input: [],
        output: [],
      };
    }
  }
}

function lossRules(to: string, lossBasisPoints: number): BridgeRules {
  if (lossBasisPoints === 0) return { forward: [], input: [], output: [] };
  // nftables refuses a comparison that always holds.
  const chance = lossBasisPoints >= 10_000 ? '' : `numgen random mod 10000 < ${lossBasisPoints} `;
  const rule = `oifname "${to}" ${chance}drop`;
  return { forward: [rule], input: [], output: [rule] };
}

/** Where the host's packets pass the lab's bridge: its cable, or its detour. */
function ports(record: LabRecord, host: string): string {
  const { labSide } = detourNames(record.name, requireHost(record, host).address);
  return `{ "${port(record, host)}", "${labSide}" }`;
}

function port(record: LabRecord, host: string): string {
  return portName(record.name, requireHost(record, host).address);
}
