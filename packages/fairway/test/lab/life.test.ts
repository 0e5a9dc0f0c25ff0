import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { labDown, labUp, listLabs, removeLabCache, removeOrphanedLabs } from '../../src/lab/lab.ts';
import { bridgeName, tableName } from '../../src/lab/naming.ts';
import { whyNoLab } from '../../src/lab/requirements.ts';
import { testLabName, thisProcess } from './support/describe-in-lab.ts';

const BOX = ['box1', 'box2', 'box3'];
const fairway = fileURLToPath(new URL('../../bin/fairway.js', import.meta.url));
const reason = whyNoLab()?.message;

describe.skipIf(reason)(reason ? `Labs (skipped: ${reason})` : 'Labs', () => {
  const [one, other] = [testLabName(), testLabName()];
  afterAll(() => Promise.all([one, other].map((name) => labDown(name))));

  test('live beside each other, start within seconds and leave nothing behind', async () => {
    const startedAt = performance.now();
    const [lab, second] = await Promise.all([
      labUp({ name: one, hosts: BOX, owner: thisProcess() }),
      labUp({ name: other, hosts: ['box1'], owner: thisProcess() }),
    ]);
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`Two labs, 4 hosts together, up with SSH in ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(30);
    expect(second.subnet).not.toBe(lab.subnet);
    const hostname = ['-F', second.sshConfigFile, 'box1', 'hostname'];
    expect((await execa('ssh', hostname)).stdout).toBe('box1');
    const alive = await traces([one, other]);
    expect(alive).toContain(one);
    expect(alive).toContain(bridgeName(one));
    expect(alive).toContain(`table bridge ${tableName(other)}`);

    await labDown(one);
    expect((await execa('ssh', hostname)).stdout).toBe('box1');
    await labDown(other);
    expect(await traces([one, other])).toEqual([]);
  });

  test('whose start was killed half-way are finished by the next, or removed without a trace', async () => {
    const start = async (waitFor: string) => {
      const up = execa(process.execPath, [fairway, 'lab', 'up', '--name', one, ...BOX], { reject: false });
      for await (const line of up.iterable({ from: 'stderr' })) if (line.includes(waitFor)) break;
      up.kill('SIGKILL');
      await up;
    };
    await start('Network');
    const lab = await labUp({ name: one, hosts: BOX });
    expect((await execa('ssh', ['-F', lab.sshConfigFile, 'box3', 'hostname'])).stdout).toBe('box3');
    await labDown(one);

    await start('box1 starts');
    await labDown(one);
    expect(await traces([one])).toEqual([]);
  });

  test('share an image that is not removed while there are labs', async () => {
    await labUp({ name: other, hosts: [], owner: thisProcess() });
    await expect(removeLabCache()).rejects.toThrow('the base image is in use by the labs');
    await labDown(other);
  });

  test('whose owner is gone are removed, and no others', async () => {
    await labUp({ name: one, hosts: ['box1'], owner: { ...thisProcess(), identity: 'an earlier process' } });
    await labUp({ name: other, hosts: ['box1'], owner: thisProcess() });
    await removeOrphanedLabs();
    const names = listLabs().map(({ name }) => name);
    expect(names).not.toContain(one);
    expect(names).toContain(other);
  });

  test('are for root, and the command says so', async () => {
    const nobody = 65_534;
    const result = await execa(process.execPath, [fairway, 'lab', 'up', '--hosts', '1'], {
      reject: false,
      uid: nobody,
      gid: nobody,
      env: { HOME: '/tmp' },
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('Error: a lab starts machines and networks, which only root may do');
    expect(result.stderr).toContain('Next: run it as root');
  });
});

/** What this machine holds of labs, as lines that name the lab or what is made for it in the kernel. */
async function traces(labs: readonly string[]): Promise<readonly string[]> {
  const list = async (program: string, ...args: string[]) => (await execa(program, args)).stdout.split('\n');
  const marks = labs.flatMap((lab) => [lab, bridgeName(lab), tableName(lab)]);
  const everything = [
    ...FOLDERS.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : [])),
    ...(await list('nft', 'list', 'tables')),
    ...(await list('losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE')),
    ...readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(ofProcess),
  ];
  return everything.filter((trace) => marks.some((mark) => trace.includes(mark)));
}

const FOLDERS = [
  '/var/lib/fairway/labs',
  '/var/cache/fairway/lab/locks',
  '/run/fairway-lab',
  '/run/netns',
  '/run/systemd/nspawn/propagate',
  '/sys/class/net',
  '/sys/fs/cgroup/fairway-lab',
  // With control groups v1 there are several hierarchies.
  ...(existsSync('/sys/fs/cgroup') ? readdirSync('/sys/fs/cgroup') : []).map(
    (name) => `/sys/fs/cgroup/${name}/fairway-lab`,
  ),
];

/** Its arguments, and the mounts that it sees. */
function ofProcess(pid: string): readonly string[] {
  try {
    const mounts = readFileSync(`/proc/${pid}/mounts`, 'utf8').split('\n');
    return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), ...mounts];
  } catch {
    return [];
  }
}
