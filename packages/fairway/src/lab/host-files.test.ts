import { describe, expect, test } from 'vitest';
import { chooseResolvers, withHostsEntries } from './host-files.ts';
import { type LabRecord, noFaults } from './record.ts';

const record: LabRecord = {
  name: 'lab',
  subnet: '10.213.1.0/24',
  base: 'digest',
  diskBytes: 1e9,
  hosts: [
    { name: 'a', address: '10.213.1.11' },
    { name: 'b', address: '10.213.1.12' },
  ],
  faults: noFaults,
};

describe("A host's /etc/hosts", () => {
  test('is given what it lacks, and keeps what was written into it', () => {
    const own = '127.0.0.1 localhost\n10.213.1.11  a a.example.org\n# mine';
    expect(withHostsEntries(own, record)).toBe(`${own}\n10.213.1.12 b\n`);
  });

  test('is left alone when it names every host', () => {
    const complete = withHostsEntries('', record);
    expect(withHostsEntries(complete, record)).toBe(complete);
  });
});

describe("A host's resolvers", () => {
  test("are this machine's", () => {
    expect(chooseResolvers('nameserver 192.0.2.53\n', 'nameserver 198.51.100.1\n')).toContain('192.0.2.53');
  });

  test('are those behind a resolver that only this machine can ask', () => {
    expect(chooseResolvers('nameserver 127.0.0.53\n', 'nameserver 198.51.100.1\n')).toContain('198.51.100.1');
  });
});
