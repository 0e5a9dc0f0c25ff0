import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git, type Workspace } from '../demo/workspace.ts';
import { LabProduction } from '../production/lab-production.ts';
import type { FairwayContender } from './contenders/fairway.ts';
import type { PeersPlace } from './peers.ts';

const APP = fileURLToPath(new URL('../../src/bench-deploy/app', import.meta.url));
const WAYS = { inplace: 'surge: 0', surge: 'surge: all, max_unavailable: 0' } as const;

export type Way = keyof typeof WAYS;

/** Fairway's production on the machines that the peers use as well: one app updated in place, one with surge. */
export class BenchProduction {
  readonly #production: LabProduction;

  private constructor(production: LabProduction) {
    this.#production = production;
  }

  static async create(folder: string): Promise<BenchProduction> {
    const place = join(folder, 'production');
    const app = join(folder, 'fairway-app');
    await mkdir(place);
    await cp(APP, app, { recursive: true });
    await git(app, ['init', '--quiet', '--initial-branch=main']);
    const config = join(place, 'fairway.yml');
    await writeFile(config, configuration(0));
    const workspace: Workspace = { folder, app, config, state: join(place, '.fairway') };
    return new BenchProduction(new LabProduction(workspace, (line) => console.error(line)));
  }

  async start(): Promise<void> {
    const production = this.#production;
    await production.bringUp();
    await production.provision();
    await production.serve();
    for (const way of Object.keys(WAYS)) await addRemote(production, production.workspace, way);
  }

  get balancerAddress(): string {
    return this.#production.machine('lb1').address;
  }

  machines(): Omit<PeersPlace, 'folder' | 'gitPort'> {
    const { lab } = this.#production;
    return {
      balancer: this.#production.machine('lb1'),
      appHosts: lab.hosts.filter(({ name }) => name.startsWith('web')),
      privateKeyFile: lab.privateKeyFile,
      knownHostsFile: lab.knownHostsFile,
      controlAddress: lab.machineAddress,
    };
  }

  contender(name: string, way: Way): FairwayContender {
    return {
      name,
      app: way,
      workspace: this.#production.workspace,
      port: 80,
      hostname: `${way}.test`,
      configure: (bootMs) => this.#production.configure(configuration(bootMs)),
    };
  }

  async end(): Promise<void> {
    await this.#production.end();
  }
}

async function addRemote(production: LabProduction, { app }: Workspace, way: string): Promise<void> {
  const { path } = JSON.parse(await production.fairway('remote', way, '--json')) as { path: string };
  await git(app, ['remote', 'add', way, path]);
}

/** Both apps as a team would have them; the boot time is the app's own affair. */
function configuration(bootMs: number): string {
  const apps = Object.entries(WAYS).map(
    ([way, deploy]) => `  ${way}:
    runtime: { type: node }
    instances: web[1-5]
    health: { path: /health, interval: 100ms, timeout: 1s, rise: 2, fall: 2 }
    route: { hosts: [${way}.test] }
    env: { BOOT_MS: ${bootMs} }
    deploy: { ${deploy}, drain_timeout: 10s }
`,
  );
  return `name: bench-${process.pid}
provider: lab
control: { listen: 127.0.0.1:0 }
hosts:
  lb1: { roles: [balancer] }
  web[1-5]: {}
apps:
${apps.join('')}`;
}
