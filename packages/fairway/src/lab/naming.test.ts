import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHostName, hardwareAddress, namespaceName, portName } from './naming.ts';

describe('Names', () => {
  test('that could be anything but a name are refused', () => {
    for (const bad of ['', '-f', '../etc', 'a b', 'a;b', 'Box', 'a.b', 'a\nb', '$(x)', `${'a'.repeat(64)}`]) {
      expect(() => checkHostName(bad), JSON.stringify(bad)).toThrow('is no name for a host');
    }
    for (const good of ['a', 'box1', '1box', 'web-01', 'a'.repeat(63)])
      expect(checkHostName(good)).toBe(good);
  });

  test('of cables fit into what the kernel allows, and no two hosts of a /16 share one', () => {
    const address = fc.tuple(fc.nat(255), fc.nat(255)).map(([third, fourth]) => `10.213.${third}.${fourth}`);
    fc.assert(
      fc.property(address, address, (one, other) => {
        expect(portName('a-lab-with-quite-a-long-name', one).length).toBeLessThanOrEqual(15);
        expect(portName('lab', one) === portName('lab', other)).toBe(one === other);
        expect(hardwareAddress('lab', one) === hardwareAddress('lab', other)).toBe(one === other);
      }),
    );
    expect(hardwareAddress('lab', '10.213.1.11')).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  });

  test('of labs and hosts cannot be mixed up', () => {
    expect(namespaceName('a', 'b-c')).not.toBe(namespaceName('a-b', 'c'));
  });
});
