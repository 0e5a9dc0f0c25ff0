import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LocalMachine } from '../../../../test/support/local-machine.ts';
import { waitUntil } from '../../../../test/support/wait-until.ts';
import { socketPath } from '../socket-path.ts';

const stub = fileURLToPath(new URL('../../../../test/support/stub-balancer.mjs', import.meta.url));

let machine: LocalMachine;

/** A machine whose supervisor can write neither its record nor its log, as on a disk without room. */
beforeEach(() => {
  machine = new LocalMachine(stub);
  const folder = join(machine.stateDirectory, 'supervisor');
  mkdirSync(join(folder, 'supervisor.json.next'), { recursive: true });
  if (existsSync('/dev/full')) symlinkSync('/dev/full', join(folder, 'supervisor.log'));
});

afterEach(() => machine.close());

it('starts, restarts and stops what it keeps, although it can write nothing down', async () => {
  const supervisor = await machine.supervisorPid();
  const client = await machine.supervisor();
  const { pid, port } = await client.ensureBalancer({
    listen: { address: '127.0.0.1', port: 0 },
    stateDirectory: machine.stateDirectory,
    socketPath: socketPath(machine.stateDirectory, 'balancer/balancer.sock'),
  });
  process.kill(pid!, 'SIGKILL');
  await waitUntil('another balancer', async () => ((await client.balancer()).pid ?? pid) !== pid);
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe(String((await client.balancer()).pid));
  expect(await machine.supervisorPid()).toBe(supervisor);
  await client.shutdown({ stopInstances: true });
  expect(machine.processes()).toEqual([]);
});
