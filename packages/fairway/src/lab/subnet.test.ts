import { describe, expect, test } from 'vitest';
import {
  checkHostAddress,
  checkSubnet,
  freeSubnet,
  machineAddress,
  nextAddress,
  overlaps,
} from './subnet.ts';

describe('A network for a lab', () => {
  test('is the first that nothing on the machine uses', () => {
    expect(freeSubnet([])).toBe('10.213.1.0/24');
    expect(freeSubnet(['10.213.1.0/24', '10.213.2.77', '192.168.0.0/16'])).toBe('10.213.3.0/24');
    expect(() => freeSubnet(['10.0.0.0/8'])).toThrow('none of 10.213.1.0/24 to 10.213.250.0/24 is free');
  });

  test('is a private one, named by its first address', () => {
    for (const good of ['10.90.0.0/16', '172.16.4.0/24', '192.168.7.16/28'])
      expect(checkSubnet(good)).toBe(good);
    for (const bad of ['8.8.8.0/24', '10.0.0.0/8', '10.0.0.1/24', '10.0.0.0', '10.0.0.0/24; reboot', '']) {
      expect(() => checkSubnet(bad), bad).toThrow('is no network for a lab');
    }
  });

  test('overlaps with what has an address in common, and with nothing else', () => {
    expect(overlaps('10.213.1.0/24', '10.0.0.0/8')).toBe(true);
    expect(overlaps('10.0.0.0/8', '10.213.1.0/24')).toBe(true);
    expect(overlaps('10.213.1.0/24', '10.213.1.255')).toBe(true);
    expect(overlaps('10.213.1.0/24', '10.213.2.0')).toBe(false);
    expect(overlaps('200.0.0.0/8', '100.0.0.0/8')).toBe(false);
  });
});

describe('Addresses', () => {
  test('start with this machine at .1 and hosts at .11, and skip what is taken', () => {
    expect(machineAddress('10.213.1.0/24')).toBe('10.213.1.1');
    expect(nextAddress('10.213.1.0/24', [])).toBe('10.213.1.11');
    expect(nextAddress('10.213.1.0/24', ['10.213.1.11', '10.213.1.12'])).toBe('10.213.1.13');
  });

  test('end with the network', () => {
    expect(nextAddress('192.168.7.16/28', ['192.168.7.27', '192.168.7.28', '192.168.7.29'])).toBe(
      '192.168.7.30',
    );
    const last = ['192.168.7.27', '192.168.7.28', '192.168.7.29', '192.168.7.30'];
    expect(() => nextAddress('192.168.7.16/28', last)).toThrow('has no address left');
  });

  test('of a host are neither the network, nor this machine, nor the broadcast', () => {
    expect(checkHostAddress('10.213.1.2', '10.213.1.0/24')).toBe('10.213.1.2');
    for (const bad of ['10.213.1.0', '10.213.1.1', '10.213.1.255', '10.213.2.9', 'box1', '10.213.1.11/24']) {
      expect(() => checkHostAddress(bad, '10.213.1.0/24'), bad).toThrow('is no address for a host');
    }
  });
});
