import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { git } from '../demo/workspace.ts';
import { type Machine, MachineAccess } from './machine-access.ts';
import { BALANCER_UNIT, unitFile } from './peer-units.ts';

const APP = fileURLToPath(new URL('../../src/bench-deploy/app', import.meta.url));
const FIRST_APP_PORT = 4000;
/** The peers' apps, and their frontends in HAProxy; quoted for the shell at the other end of ssh. */
const PEER_PORTS = "'{ 4000-4009, 8001-8009 }'";

export interface PeersPlace {
  readonly folder: string;
  readonly balancer: Machine;
  readonly appHosts: readonly Machine[];
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
  /** This machine, as the lab's machines reach it. */
  readonly controlAddress: string;
  readonly gitPort: number;
}

/** What the peers share: the app's repository, archives of its releases, units on the hosts, an inventory. */
export class Peers {
  readonly folder: string;
  readonly appHosts: readonly Machine[];
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
  readonly #place: PeersPlace;
  readonly #access: MachineAccess;
  readonly #names: string[] = [];
  #gitDaemon: ChildProcess | undefined;

  constructor(place: PeersPlace) {
    this.#place = place;
    this.folder = place.folder;
    this.appHosts = place.appHosts;
    this.privateKeyFile = place.privateKeyFile;
    this.knownHostsFile = place.knownHostsFile;
    this.#access = new MachineAccess(place);
  }

  get inventory(): string {
    return join(this.folder, 'inventory.json');
  }

  get ansibleConfig(): string {
    return join(this.folder, 'ansible.cfg');
  }

  get repositoryUrl(): string {
    return `git://${this.#place.controlAddress}:${this.#place.gitPort}/app`;
  }

  /** Each peer's app has a port of its own on every host. */
  appPort(name: string): number {
    if (!this.#names.includes(name)) this.#names.push(name);
    return FIRST_APP_PORT + this.#names.indexOf(name);
  }

  async open(): Promise<void> {
    const app = join(this.folder, 'app');
    await cp(APP, app, { recursive: true });
    await git(app, ['init', '--quiet', '--initial-branch=main']);
    await writeFile(this.ansibleConfig, this.#config());
    await writeFile(this.inventory, JSON.stringify(this.#inventory()));
    const { controlAddress, gitPort } = this.#place;
    const options = [
      `--base-path=${this.folder}`,
      '--export-all',
      '--reuseaddr',
      `--listen=${controlAddress}`,
    ];
    this.#gitDaemon = spawn('git', ['daemon', ...options, `--port=${gitPort}`], { stdio: 'ignore' });
    for (const host of this.appHosts) await this.#access.copy(host, process.execPath, '/usr/local/bin/node');
    // Fairway's firewall knows nothing of the peers.
    const open = ['nft', 'insert', 'rule', 'inet', 'fairway', 'input', 'tcp', 'dport', PEER_PORTS, 'accept'];
    await Promise.all([this.#place.balancer, ...this.appHosts].map((host) => this.#access.run(host, open)));
    const install = ['apt-get', 'install', '-y', '-qq', 'git', 'curl'];
    await Promise.all(this.appHosts.map((host) => this.#access.run(host, install)));
  }

  close(): void {
    this.#gitDaemon?.kill();
  }

  /** Commits a release into the repository that Capistrano's hosts clone. */
  async commit(release: string): Promise<void> {
    const app = join(this.folder, 'app');
    await writeFile(join(app, 'release.json'), JSON.stringify({ release }));
    const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
    await git(app, ['add', '--all']);
    await git(app, [...identity, 'commit', '--quiet', '--allow-empty', '-m', release]);
  }

  /** A tarball of a release, made before anything is measured or at least the same for all. */
  async archive(release: string): Promise<string> {
    const folder = join(this.folder, 'archives', release);
    const file = join(this.folder, 'archives', `${release}.tar.gz`);
    await cp(APP, folder, { recursive: true });
    await writeFile(join(folder, 'release.json'), JSON.stringify({ release }));
    await execa('tar', ['-czf', file, '-C', folder, '.']);
    return file;
  }

  async installUnit(name: string, bootMs: number): Promise<void> {
    const unit = join(this.folder, `${name}.service`);
    await writeFile(unit, unitFile(name, this.appPort(name), bootMs));
    await Promise.all(
      this.appHosts.map(async (host) => {
        await this.#access.run(host, ['mkdir', '-p', `/srv/${name}`]);
        await this.#access.copy(host, unit, `/etc/systemd/system/${name}.service`);
        await this.#access.run(host, ['systemctl', 'daemon-reload']);
      }),
    );
  }

  async startBalancer(config: string): Promise<void> {
    const file = join(this.folder, 'peers.cfg');
    const unit = join(this.folder, 'bench-haproxy.service');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, config);
    await writeFile(unit, BALANCER_UNIT);
    const { balancer } = this.#place;
    await this.#access.copy(balancer, file, '/etc/bench-haproxy.cfg');
    await this.#access.copy(balancer, unit, '/etc/systemd/system/bench-haproxy.service');
    await this.#access.run(balancer, ['systemctl', 'daemon-reload']);
    await this.#access.run(balancer, ['systemctl', 'restart', 'bench-haproxy']);
  }

  #config(): string {
    const common = this.#access.options.join(' ');
    return `[defaults]
forks = 10
host_key_checking = True
interpreter_python = /usr/bin/python3
[ssh_connection]
pipelining = True
ssh_args = ${common} -o ControlMaster=auto -o ControlPersist=60s -o ControlPath=${this.folder}/cm-%C
`;
  }

  #inventory() {
    const host = ({ address }: Machine) => ({ ansible_host: address, ansible_user: 'root' });
    const group = (machines: readonly Machine[]) => ({
      hosts: Object.fromEntries(machines.map((machine) => [machine.name, host(machine)])),
    });
    return { all: { children: { app: group(this.appHosts), balancer: group([this.#place.balancer]) } } };
  }
}
