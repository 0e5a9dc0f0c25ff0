import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NotProvisioned } from '../config/not-provisioned.ts';
import { parseProduction } from '../config/parse.ts';
import { Refusal } from '../runner/controller.ts';
import { type Machinery, RestartNeeded } from './machinery.ts';
import { HostGone, remoteMachinery } from './remote-machinery.ts';

const HOSTS = 'lb1: { address: 192.0.2.1, roles: [balancer] }, box1: { address: 192.0.2.2 }';

let state: string;
let machinery: Machinery | undefined;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'fairway-remote-'));
});
afterEach(async () => {
  await machinery?.close();
  machinery = undefined;
  rmSync(state, { recursive: true });
});

const read = (hosts = HOSTS, rest = '', provider = 'ssh') =>
  parseProduction(
    `provider: ${provider}\nssh: { config_file: /dev/null }\nhosts: { ${hosts} }\n${rest}\napps: { web: { runtime: node, instances: box1 } }`,
    '/srv/fairway.yml',
  );

async function start(hosts?: string, rest?: string): Promise<Machinery> {
  machinery = await remoteMachinery(read(hosts, rest), state);
  return machinery;
}

describe('other machines', () => {
  test('are to be provisioned first', async () => {
    const missing = remoteMachinery(read('lb1: { roles: [balancer] }, box1: {}', '', 'lab'), state);
    await expect(missing).rejects.toThrow(NotProvisioned);
  });

  test('are found at their addresses, and visitors at the first balancer', async () => {
    const { addressOf, appHosts, balancerUrl } = await start();
    expect(addressOf('box1')).toBe('192.0.2.2');
    expect(appHosts()).toEqual(['box1']);
    expect(await balancerUrl()).toBe('http://192.0.2.1');
    expect(() => addressOf('box9')).toThrow(HostGone);
  });

  test.each([
    ['balancer: { listen: 8080 }', 'http://192.0.2.1:8080'],
    ['balancer: { tls: { self_signed: true } }', 'https://192.0.2.1'],
    ['balancer: { tls: { self_signed: true, listen: 8443 } }', 'https://192.0.2.1:8443'],
  ])('are visited where %j says', async (rest, url) => {
    expect(await (await start(HOSTS, rest)).balancerUrl()).toBe(url);
  });

  test('join and leave while the control server runs', async () => {
    const { follow, addressOf, hosts } = await start();
    await follow(read(`${HOSTS}, box2: { address: 192.0.2.3, roles: [app] }`));
    expect(addressOf('box2')).toBe('192.0.2.3');
    await follow(read());
    expect(() => addressOf('box2')).toThrow(HostGone);
    const prune = hosts.prune('box2', 'web', [], 1);
    await expect(prune).rejects.toThrow('it is not among the hosts of the configuration');
  });

  test('of the balancer change with a restart only, which is said', async () => {
    const { follow } = await start();
    const other = read('lb1: { address: 192.0.2.9, roles: [balancer] }, box1: { address: 192.0.2.2 }');
    await expect(follow(other)).rejects.toThrow(RestartNeeded);
    await expect(follow(other)).rejects.toThrow(
      'the balancers have changed since the control server was started',
    );
    await follow(read());
  });

  test('have a balancer that is not restarted from here', async () => {
    await expect((await start()).restartBalancer()).rejects.toThrow(Refusal);
  });
});
