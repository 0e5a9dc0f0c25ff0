import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { ControlServer, fairway } from '../../../../demo/src/demo/control.ts';
import { addRemote, push } from '../../../../demo/src/demo/push.ts';
import {
  commitChange,
  createWorkspace,
  FAIRWAY,
  removeWorkspace,
  type Workspace,
} from '../../../../demo/src/demo/workspace.ts';
import { LoadGenerator } from '../../../../demo/src/load/generator.ts';
import { visitorMix } from '../../../../demo/src/load/mix.ts';
import type { Totals } from '../../../../demo/src/load/tally.ts';
import { helloProduction } from '../../../../demo/src/production/config.ts';
import { HaproxySampler } from '../../../../demo/src/production/haproxy-sampler.ts';
import { execInHost, type Lab } from '../../../src/lab/lab.ts';

const PER_SECOND = 300;
/** No row takes longer than so many requests. */
const MOST_REQUESTS = 40_000;
const WHOLE = 5;
const LONGEST_PUSH_MS = 70_000;

/** Something that is done to the production when its push says `after`; once. */
export interface Turn {
  readonly after: RegExp;
  act(): Promise<unknown>;
}

/** What became of an update, as its visitors, HAProxy and the person pushing saw it. */
export interface Outcome extends Pick<Totals, 'sent' | 'failed' | 'stalled' | 'maxMs' | 'examples'> {
  readonly exitCode: number;
  readonly output: string;
  /** Fewest instances that HAProxy reported up, and how often it was asked. */
  readonly minServing: number;
  readonly samples: number;
  /** Instances that are up at the end. */
  readonly serving: number;
  readonly commit: string;
  readonly seconds: number;
}

/** A balancer and five app hosts, set up by `fairway provision`, that are updated while something breaks. */
export class RemoteRehearsal {
  readonly workspace: Workspace;
  control: ControlServer;
  readonly #lab: Lab;
  readonly #keys: string;
  #changes = 0;

  private constructor(lab: Lab, workspace: Workspace, control: ControlServer, keys: string) {
    this.#lab = lab;
    this.workspace = workspace;
    this.control = control;
    this.#keys = keys;
  }

  /** Hosts of the lab: `lb1`, `flags1` and `web1` to `web5`. */
  static async start(lab: Lab, deploy?: string): Promise<RemoteRehearsal> {
    const keys = mkdtempSync(join(tmpdir(), 'fairway-keys-'));
    process.env.FAIRWAY_KEY_FILE = join(keys, 'lab.key');
    const workspace = await createWorkspace(helloProduction({ name: lab.name, ...(deploy && { deploy }) }));
    const place = ['--config', workspace.config, '--state', workspace.state];
    await execa(process.execPath, [FAIRWAY, 'provision', '--yes', ...place]);
    const rehearsal = new RemoteRehearsal(lab, workspace, await ControlServer.start(workspace), keys);
    await addRemote(workspace, 'hello');
    const { exitCode, output } = await rehearsal.push();
    if (exitCode !== 0) throw new Error(`the first push failed:\n${output}`);
    return rehearsal;
  }

  /** Stops the control server if it runs, and starts it anew. */
  async serveAnew(environment: NodeJS.ProcessEnv = {}): Promise<ControlServer> {
    await this.control.stop();
    this.control = await ControlServer.start(this.workspace, environment);
    return this.control;
  }

  fairway(...command: string[]) {
    return fairway(this.workspace, command);
  }

  on(host: string, ...command: string[]): Promise<string> {
    return execInHost(this.#lab.name, host, command);
  }

  push(show: (line: string) => void = () => undefined) {
    return push(this.workspace, show);
  }

  /** Commits a harmless change, pushes it under load, and lets each turn come when its time has. */
  async update(turns: readonly Turn[] = [], pushed?: () => Promise<unknown>): Promise<Outcome> {
    this.#changes += 1;
    const commit = await commitChange(this.workspace, {
      file: 'greeting.js',
      from: 'exports.greeting',
      to: `// Change ${this.#changes}\nexports.greeting`,
      subject: `Change ${this.#changes}`,
    });
    const { sshConfigFile } = this.#lab;
    const sampler = await HaproxySampler.start({ sshConfigFile, machine: 'lb1', app: 'hello' });
    const load = this.#load();
    load.start();
    await load.until(PER_SECOND / 2);
    const left = [...turns];
    const acts: Promise<unknown>[] = [];
    const startedAt = performance.now();
    try {
      const said: string[] = [];
      const pushing = this.push((line) => {
        said.push(line);
        if (!left[0]?.after.test(line)) return;
        const { act } = left.shift()!;
        acts.push(act());
      });
      await pushed?.();
      const { exitCode, output } = await Promise.race([pushing, tooLong(said)]);
      const seconds = (performance.now() - startedAt) / 1000;
      if (left.length > 0) throw new Error(`the push never said ${left[0]!.after.source}:\n${output}`);
      await Promise.all(acts);
      await load.until(load.tally.sent + PER_SECOND / 2);
      await load.stop();
      const { minServing, samples } = sampler.take();
      const serving = await sampler.servingNow();
      const { sent, failed, stalled, maxMs, examples } = load.tally.totals();
      return {
        exitCode,
        output,
        commit,
        seconds,
        minServing,
        samples,
        serving,
        sent,
        failed,
        stalled,
        maxMs,
        examples,
      };
    } finally {
      await Promise.allSettled(acts);
      await load.stop();
      await sampler.stop();
    }
  }

  /** The release that each instance runs, by instance. */
  async releases(): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await this.fairway('status', '--json');
    const { apps } = JSON.parse(stdout) as {
      apps: { processes: { slot: { instance: string }; state: string; generation: string }[] }[];
    };
    return new Map(
      apps[0]!.processes
        .filter(({ state }) => state === 'running')
        .map(({ slot, generation }) => [slot.instance, generation.split('+')[0]!]),
    );
  }

  /** Whether all five run the release of one commit, and only they. */
  async isWholeAt(commit: string): Promise<boolean> {
    const releases = [...(await this.releases()).values()];
    return releases.length === WHOLE && releases.every((release) => release.startsWith(commit.slice(0, 12)));
  }

  /** Of the release that was built last. */
  async newestArtifact(): Promise<{ readonly sha256: string; readonly size: number }> {
    const folder = join(this.workspace.state, 'artifacts', 'hello');
    const files = (await readdir(folder)).filter((name) => name.endsWith('.tar.gz'));
    const ages = await Promise.all(
      files.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
    );
    const newest = ages.reduce((latest, file) => (file.at > latest.at ? file : latest));
    const content = await readFile(join(folder, newest.name));
    return { sha256: createHash('sha256').update(content).digest('hex'), size: content.length };
  }

  async end(): Promise<void> {
    await this.control.stop();
    await removeWorkspace(this.workspace);
    rmSync(this.#keys, { recursive: true });
    delete process.env.FAIRWAY_KEY_FILE;
  }

  #load(): LoadGenerator {
    const { address } = this.#lab.hosts.find(({ name }) => name === 'lb1')!;
    return new LoadGenerator({
      target: { host: address, port: 80, hostname: 'hello.localhost' },
      kinds: visitorMix(),
      perSecond: PER_SECOND,
      atMost: MOST_REQUESTS,
    });
  }
}

/** Fails with what the push has said so far. */
async function tooLong(said: readonly string[]): Promise<never> {
  await delay(LONGEST_PUSH_MS, undefined, { ref: false });
  throw new Error(`the push has not ended after ${LONGEST_PUSH_MS / 1000} s:\n${said.join('\n')}`);
}
