import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { SshHosts } from '../../../src/hosts/ssh/ssh-hosts.ts';
import type { Lab } from '../../../src/lab/lab.ts';
import { execInHost } from '../../../src/lab/lab.ts';
import type { SshTarget } from '../../../src/ssh/target.ts';

const playbook = fileURLToPath(new URL('app-hosts.yml', import.meta.url));
const ansible = fileURLToPath(new URL('../../../ansible', import.meta.url));

/** The hosts of a lab as hosts of apps: set up by the role `app`, reached as the deploy user. */
export class AppHosts {
  readonly hosts: SshHosts;
  readonly targets: readonly SshTarget[];
  readonly scratch: string;
  readonly lab: Lab;

  constructor(lab: Lab) {
    this.lab = lab;
    this.scratch = mkdtempSync(join(tmpdir(), 'fairway-ssh-'));
    const controlDirectory = join(this.scratch, 'c');
    mkdirSync(controlDirectory, { mode: 0o700 });
    this.targets = lab.hosts.map(({ name, address }) => ({
      name,
      address,
      port: 22,
      user: 'deployer',
      identityFile: lab.privateKeyFile,
      knownHostsFile: lab.knownHostsFile,
      configFile: '/dev/null',
      controlDirectory,
    }));
    this.hosts = new SshHosts(this.targets);
  }

  /** Runs the role; returns how many tasks changed something. */
  async setUp(): Promise<number> {
    const inventory = join(this.scratch, 'inventory.ini');
    writeFileSync(inventory, `${this.lab.hosts.map(({ name }) => name).join('\n')}\n`);
    const result = await execa('ansible-playbook', ['-i', inventory, playbook], {
      env: {
        ANSIBLE_CONFIG: join(ansible, 'ansible.cfg'),
        ANSIBLE_STDOUT_CALLBACK: 'default',
        ANSIBLE_SSH_ARGS: `-F ${this.lab.sshConfigFile}`,
        LAB_NODE_VERSION: process.versions.node,
        ANSIBLE_FORKS: '10',
      },
      all: true,
    });
    return [...result.all.matchAll(/changed=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Runs a command on a host as root, past its network. */
  exec(host: string, ...words: readonly string[]): Promise<string> {
    return execInHost(this.lab.name, host, words);
  }

  async close(): Promise<void> {
    await this.hosts.close();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
