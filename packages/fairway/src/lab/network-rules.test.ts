import { describe, expect, test } from 'vitest';
import { detourNames, portName } from './naming.ts';
import { networkRules } from './network-rules.ts';
import type { LabFaults, LabRecord } from './record.ts';

const record = (faults: Partial<LabFaults>): LabRecord => ({
  name: 'lab',
  subnet: '10.213.1.0/24',
  base: 'digest',
  diskBytes: 1e9,
  hosts: [
    { name: 'a', address: '10.213.1.11' },
    { name: 'b', address: '10.213.1.12' },
  ],
  faults: { cuts: [], slow: {}, ...faults },
});
const [a, b] = ['10.213.1.11', '10.213.1.12'].map(
  (address) => `{ "${portName('lab', address)}", "${detourNames('lab', address).labSide}" }`,
);
const cableOfA = portName('lab', '10.213.1.11');

/** The rules of one chain of the bridge, without its head. */
function bridgeChain(name: string, faults: Partial<LabFaults>): readonly string[] {
  const [, bridge] = networkRules(record(faults)).split(/^table bridge \S+ \{$/m);
  const [, chain] = bridge!.split(`chain ${name} {`);
  const lines = chain!.split('\n  }')[0]!.trim().split('\n');
  return lines.slice(1).map((line) => line.trim());
}

describe('The rules of a lab', () => {
  test('let everything through the bridge, and hide hosts behind this machine on their way out', () => {
    for (const chain of ['forward', 'input', 'output']) expect(bridgeChain(chain, {})).toEqual([]);
    expect(networkRules(record({}))).toContain('ip saddr 10.213.1.0/24 ip daddr != 10.213.1.0/24 masquerade');
  });

  test('replace what was there as a whole', () => {
    const lines = networkRules(record({})).split('\n');
    for (const family of ['ip', 'bridge']) {
      const table = lines.find((line) => line.startsWith(`table ${family}`))!;
      expect(lines.indexOf(`delete ${table}`)).toBe(lines.indexOf(table) + 1);
      expect(lines.indexOf(`${table} {`)).toBeGreaterThan(lines.indexOf(`delete ${table}`));
    }
  });

  test('of a cut from everything stop both directions, to hosts and to this machine', () => {
    const cuts = [{ host: 'a', from: { kind: 'all' } }] as const;
    expect(bridgeChain('forward', { cuts })).toEqual([`iifname ${a} drop`, `oifname ${a} drop`]);
    expect(bridgeChain('input', { cuts })).toEqual([`iifname ${a} drop`]);
    expect(bridgeChain('output', { cuts })).toEqual([`oifname ${a} drop`]);
  });

  test('of a cut between two hosts touch nobody else', () => {
    const cuts = [{ host: 'a', from: { kind: 'host', host: 'b' } }] as const;
    expect(bridgeChain('forward', { cuts })).toEqual([
      `iifname ${a} oifname ${b} drop`,
      `iifname ${b} oifname ${a} drop`,
    ]);
    expect(bridgeChain('input', { cuts })).toEqual([]);
  });

  test('of a loss are about packets to the host', () => {
    const some = { slow: { a: { delayMs: 0, lossBasisPoints: 150 } } };
    expect(bridgeChain('output', some)).toEqual([`oifname "${cableOfA}" numgen random mod 10000 < 150 drop`]);
    const all = { slow: { a: { delayMs: 5, lossBasisPoints: 10_000 } } };
    expect(bridgeChain('forward', all)).toEqual([`oifname "${cableOfA}" drop`]);
    expect(bridgeChain('forward', { slow: { a: { delayMs: 5, lossBasisPoints: 0 } } })).toEqual([]);
  });
});
