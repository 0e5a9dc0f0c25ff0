import {
  type ControlServer as Control,
  ControlServer,
  fairway,
  takeDown,
} from '../../../demo/src/demo/control.ts';
import { processesOf } from '../../../demo/src/demo/left-behind.ts';
import { addRemote, push } from '../../../demo/src/demo/push.ts';
import { ServingSampler } from '../../../demo/src/demo/sampler.ts';
import {
  commitChange,
  createWorkspace,
  removeWorkspace,
  type Workspace,
} from '../../../demo/src/demo/workspace.ts';
import { LoadGenerator } from '../../../demo/src/load/generator.ts';
import { demandingMix } from '../../../demo/src/load/mix.ts';
import type { RequestKind, Target } from '../../../demo/src/load/request.ts';
import { type EmbeddedBalancer, embeddedBalancer } from '../../src/balancer/embedded/client.ts';
import { socketPath } from '../../src/hosts/local/socket-path.ts';

export interface ProductionOptions {
  readonly instances?: number;
  readonly deploy?: string;
  readonly health?: string;
}

/** A whole production on this machine: real processes, real git, the small app of `examples/hello`. */
export class Rehearsal {
  readonly workspace: Workspace;
  readonly balancer: EmbeddedBalancer;
  control: Control;
  #changes = 0;

  private constructor(workspace: Workspace, control: Control) {
    this.workspace = workspace;
    this.control = control;
    this.balancer = embeddedBalancer({ socketPath: socketPath(workspace.state, 'balancer/balancer.sock') });
  }

  static async start(options: ProductionOptions = {}): Promise<Rehearsal> {
    const workspace = await createWorkspace(configOf(options));
    try {
      const rehearsal = new Rehearsal(workspace, await ControlServer.start(workspace));
      await addRemote(workspace, 'hello');
      return rehearsal;
    } catch (error) {
      await takeDown(workspace).catch(() => undefined);
      await removeWorkspace(workspace);
      throw error;
    }
  }

  /** Commits a harmless change and pushes it. */
  async pushChange(): Promise<{ exitCode: number; output: string }> {
    await this.change();
    return this.push();
  }

  async change(): Promise<string> {
    this.#changes += 1;
    return commitChange(this.workspace, {
      file: 'greeting.js',
      from: 'exports.greeting',
      to: `// Change ${this.#changes}\nexports.greeting`,
      subject: `Change ${this.#changes}`,
    });
  }

  push(): Promise<{ exitCode: number; output: string }> {
    return push(this.workspace, () => undefined);
  }

  fairway(...command: string[]) {
    return fairway(this.workspace, command);
  }

  /** A load of 300 requests/s, with slow and streamed answers among them unless told otherwise; bounded in any case. */
  async load(kinds: readonly RequestKind[] = demandingMix()): Promise<LoadGenerator> {
    const load = new LoadGenerator({
      target: await this.target(),
      kinds,
      perSecond: 300,
      atMost: 100_000,
    });
    load.start();
    return load;
  }

  async target(): Promise<Target> {
    const { stdout } = await this.fairway('status', '--json');
    const url = new URL((JSON.parse(stdout) as { balancerUrl: string }).balancerUrl);
    return { host: url.hostname, port: Number(url.port), hostname: 'hello.localhost' };
  }

  sampler(): ServingSampler {
    return new ServingSampler(this.balancer, 'hello');
  }

  /** Releases that serve now, by instance. */
  async serving(): Promise<ReadonlyMap<string, string>> {
    const { pools } = await this.balancer.observe();
    const servers = pools.hello?.servers ?? [];
    return new Map(
      servers
        .filter((server) => server.state === 'serving' && server.healthy)
        .map((server) => [server.slot.instance, server.generation.split('+')[0]!]),
    );
  }

  /** Ends everything, and answers with the processes that are still there. */
  async end(): Promise<readonly string[]> {
    await this.control.stop();
    await takeDown(this.workspace);
    await removeWorkspace(this.workspace);
    return processesOf(this.workspace.folder);
  }
}

function configOf({ instances = 5, deploy = '', health = '' }: ProductionOptions): string {
  return `name: rehearsal
control: { listen: 127.0.0.1:0 }
balancer: { listen: 127.0.0.1:0 }
apps:
  hello:
    runtime: { type: node }
    instances: ${instances}
    health: { path: /health, interval: 100ms, timeout: 2s, rise: 2, start_timeout: 10s${health} }
    deploy: { max_unavailable: 1, drain_timeout: 5s${deploy} }
`;
}
