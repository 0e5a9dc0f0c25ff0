import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Contender } from '../contender.ts';
import type { Peers } from '../peers.ts';
import { rollingPlaybook } from './ansible-playbook.ts';

/** `ansible-playbook` with `serial: 1`, pipelining and a shared connection: as a careful team would run it. */
export function ansible(peers: Peers, name: string, port: number, isDrained: boolean): Contender {
  const roll = async (release: string, isGated: boolean): Promise<undefined> => {
    const archive = await peers.archive(release);
    const playbook = join(peers.folder, `${name}-${release}.yml`);
    await writeFile(
      playbook,
      rollingPlaybook({ name, archive, release, port: peers.appPort(name), isDrained: isGated }),
    );
    await execa('ansible-playbook', ['-i', peers.inventory, playbook], {
      env: { ANSIBLE_CONFIG: peers.ansibleConfig, ANSIBLE_NOCOLOR: '1' },
      all: true,
    });
    return undefined;
  };
  return {
    name,
    port,
    hostname: 'bench.test',
    prepare: async (bootMs) => {
      await peers.installUnit(name, bootMs);
      // What does not serve yet cannot be drained.
      await roll(`first-${bootMs}`, false);
    },
    deploy: (release) => roll(release, isDrained),
  };
}
