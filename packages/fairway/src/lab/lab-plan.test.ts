import { describe, expect, test } from 'vitest';
import { type LabPlanRequest, planLab } from './lab-plan.ts';
import type { LabRecord } from './record.ts';

const plan = (request: Partial<LabPlanRequest>, present?: LabRecord, inUse: readonly string[] = []) =>
  planLab({ name: 'lab', hosts: [], ...request }, present, inUse, 'digest');

describe('A plan for a new lab', () => {
  test('gives addresses in order, and each host its own', () => {
    const { subnet, hosts } = plan({ hosts: ['b', { name: 'a', address: '10.213.1.11' }, 'c'] });
    expect(subnet).toBe('10.213.1.0/24');
    expect(hosts).toEqual([
      { name: 'b', address: '10.213.1.12' },
      { name: 'a', address: '10.213.1.11' },
      { name: 'c', address: '10.213.1.13' },
    ]);
  });

  test('takes the network of a given address, or the one that is asked for', () => {
    expect(plan({ hosts: [{ name: 'a', address: '10.77.3.20' }] }).subnet).toBe('10.77.3.0/24');
    expect(plan({ hosts: ['a'], subnet: '10.90.0.0/16' }).hosts[0]!.address).toBe('10.90.0.11');
  });

  test('refuses a network that is in use, and says by what', () => {
    const request = { hosts: ['a'], subnet: '10.213.7.0/24' };
    expect(() => plan(request, undefined, ['10.213.7.0/24'])).toThrow('overlaps with 10.213.7.0/24');
  });

  test('refuses an address for two hosts', () => {
    const hosts = ['a', 'b'].map((name) => ({ name, address: '10.213.1.11' }));
    expect(() => plan({ hosts })).toThrow('10.213.1.11 is the address of a');
  });
});

describe('A plan for a lab that is there', () => {
  const present = plan({ hosts: ['a', 'b'], diskBytes: 1e9, owner: { pid: 1, identity: 'x' } });

  test('changes nothing when all is there', () => {
    expect(plan({ hosts: ['a', 'b'] }, present)).toEqual(present);
    expect(plan({ hosts: ['b'], diskBytes: 5e9, memoryBytes: 1e9 }, present)).toEqual(present);
  });

  test('adds hosts behind those that are there', () => {
    const { hosts } = plan({ hosts: ['c', 'a'] }, present);
    expect(hosts).toEqual([...present.hosts, { name: 'c', address: '10.213.1.13' }]);
  });

  test('refuses another address for a host', () => {
    const hosts = [{ name: 'a', address: '10.213.1.99' }];
    expect(() => plan({ hosts }, present)).toThrow('a has 10.213.1.11, not 10.213.1.99');
  });
});
