import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaproxyBalancer } from '../../../src/balancer/haproxy/haproxy-balancer.ts';
import { SshNode } from '../../../src/balancer/haproxy/ssh-node.ts';
import type { Lab } from '../../../src/lab/lab.ts';
import { provisionPaths } from '../../../src/provision/paths.ts';
import { controlFolder } from '../../../src/ssh/control-folder.ts';
import { runCli } from '../../support/command-line.ts';

/** The lab's hosts, set up as balancers by `fairway provision`. */
export class BalancerLab {
  readonly lab: Lab;
  readonly folder = mkdtempSync(join(tmpdir(), 'fairway-balancer-lab-'));
  readonly nodes: SshNode[] = [];

  constructor(lab: Lab, settings = '') {
    this.lab = lab;
    const hosts = lab.hosts.map(({ name }) => `  ${name}: { roles: [balancer] }\n`).join('');
    writeFileSync(
      join(this.folder, 'fairway.yml'),
      `name: ${lab.name}\nprovider: lab\nhosts:\n${hosts}${settings}apps:\n  shop: { runtime: node, instances: [${lab.hosts[0]!.name}] }\n`,
    );
  }

  /** How many tasks changed something. */
  async provision(): Promise<number> {
    const { out, err, exitCode } = await runCli(['provision', '--json'], {
      cwd: this.folder,
      env: process.env as Record<string, string>,
    });
    if (exitCode !== 0) throw new Error(`${err}${out}`);
    return (JSON.parse(out) as { changed: number }).changed;
  }

  node(name: string): SshNode {
    const stateDirectory = join(this.folder, '.fairway');
    const controlDirectory = controlFolder(stateDirectory);
    mkdirSync(controlDirectory, { recursive: true, mode: 0o700 });
    const { deployKey, knownHosts } = provisionPaths(stateDirectory);
    const node = new SshNode({
      name,
      address: this.addressOf(name),
      port: 22,
      user: 'fairway',
      identityFile: deployKey,
      knownHostsFile: knownHosts,
      configFile: '/dev/null',
      controlDirectory,
    });
    this.nodes.push(node);
    return node;
  }

  balancer(...names: string[]): HaproxyBalancer {
    return new HaproxyBalancer(names.map((name) => this.node(name)));
  }

  addressOf(name: string): string {
    return this.lab.hosts.find((host) => host.name === name)!.address;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    rmSync(this.folder, { recursive: true });
  }
}
