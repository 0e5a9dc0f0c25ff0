import type { ShareRenewal } from '../balancer.ts';
import type { ServerRecord } from '../embedded/registry-state.ts';
import { commandsFor, differences, isAccepted } from './commands.ts';
import { HaproxyRefused, HaproxyUnreachable, RegistryMoved, ReloadFailed, unlessSilent } from './errors.ts';
import { FormerWorkers } from './former-workers.ts';
import { KeeperLine } from './keeper-line.ts';
import type { HaproxyNode } from './node.ts';
import { configurationOf, needsReload, renderFiles, type StateFiles } from './render.ts';
import { Runtime } from './runtime.ts';
import { parseServerStates } from './server-states.ts';
import { parseStats } from './server-stats.ts';
import { type Sighting, sightingsOf } from './sighting.ts';
import {
  givenShares,
  parseSplits,
  SHOW_SPLITS,
  SHOW_TRIPPED,
  type Shares,
  splitCommand,
  splitCommands,
} from './splits.ts';
import { type HaproxyState, readState } from './state.ts';
import { SwitchLine, type SwitchState, switchDifferences } from './switch-line.ts';
import { carriers, wantedServers } from './wanted.ts';

const COMMAND_DEADLINE_MS = 2_000;
const RELOAD_DEADLINE_MS = 10_000;
const SHOW_SERVERS = 'show servers state';
const SHOW_STATS = 'show stat -1 4 -1 no-maint';
const GET_CONFIGURATION = 'get var proc.fairway';
const SHOW_PROCESSES = '@master show proc';

export interface Look {
  readonly worker: number;
  readonly sightings: ReadonlyMap<string, Sighting>;
  /** What HAProxy really gives canaries. */
  readonly shares: Shares;
  /** What HAProxy does that it is not to do; empty when it is in step. */
  readonly differences: readonly string[];
}

/** One HAProxy: brought in step with a state, whatever it was before, and looked at. */
export class Member {
  readonly name: string;
  readonly #keeper: KeeperLine;
  readonly #node: HaproxyNode;
  readonly #runtime: Runtime;
  readonly #former: FormerWorkers;
  readonly #switch: SwitchLine;
  #installed: Partial<StateFiles> | undefined;

  constructor(node: HaproxyNode) {
    this.name = node.name;
    this.#node = node;
    this.#keeper = new KeeperLine(node);
    this.#runtime = new Runtime(node);
    this.#former = new FormerWorkers(node);
    this.#switch = new SwitchLine(node);
  }

  /** The state that was installed last, by whomever; undefined on a fresh machine. */
  async load(): Promise<HaproxyState | undefined> {
    this.#installed = await this.#keeper.read();
    const text = this.#installed['registry.json'];
    return text === undefined ? undefined : readState(text);
  }

  /**
   * Brings HAProxy in step: files first, so that one that is restarted at any moment comes up with what is wanted; then a
   * reload where the configuration changed, and commands for whatever still differs.
   */
  async apply(state: HaproxyState): Promise<void> {
    const files = renderFiles(state);
    await this.#install(this.#installed ?? (await this.#readUnder(state)), files);
    const { texts } = await this.#run([GET_CONFIGURATION], 'any');
    if (!runs(texts[0]!, files)) await this.#reload(files);
    await this.#settle(state);
    const waits = this.#switch.holdsBack(state);
    const kept = this.#switch.keep(state);
    // Only a new canary waits for it: a lease that is over takes nothing back that is not 0 anyway.
    await (waits ? kept : void kept.catch(() => {}));
  }

  /** Has the leases of the state watched, before anything is given; resolves with the shares that were taken back meanwhile. */
  async guard(state: HaproxyState): Promise<Shares> {
    const leased = Object.entries(state.registry.pools).filter(([, { share }]) => share.lease);
    if (leased.length === 0) return new Map();
    const { tripped } = await this.#switch.hold(state);
    return new Map(
      leased.flatMap(([app, { share }]) =>
        tripped[app] ? [[app, { ...share, tripped: tripped[app] }]] : [],
      ),
    );
  }

  /** Answers with the apps that were renewed. */
  renewShares(renewals: readonly ShareRenewal[]): Promise<readonly string[]> {
    return this.#switch.renew(renewals);
  }

  async shares(): Promise<Shares> {
    const [{ texts }, guard] = await Promise.all([
      this.#run([SHOW_SPLITS, SHOW_TRIPPED], 'any'),
      this.#lookAtSwitch(),
    ]);
    return givenShares(parseSplits(texts[0]!), texts[1]!, guard);
  }

  /** Takes an app's users back, before anything is written. */
  async zeroShare(app: string, offset: number): Promise<void> {
    await this.#run([splitCommand(app, { basisPoints: 0, offset })], ['entry not found']);
  }

  /** Closes what is under way on a server, in every worker. */
  async cut(app: string, server: ServerRecord, number: number): Promise<void> {
    const lines = carriers(app, server, number).map(({ backend, name }) => `${backend}/${name}`);
    await this.#run(lines.map((line) => `shutdown sessions server ${line}`));
    await this.#former.cut(new Set(lines));
  }

  async look(state: HaproxyState): Promise<Look> {
    const commands = [SHOW_SERVERS, SHOW_SPLITS, SHOW_STATS, SHOW_PROCESSES, GET_CONFIGURATION, SHOW_TRIPPED];
    const [{ worker, texts }, guard] = await Promise.all([this.#run(commands, 'any'), this.#lookAtSwitch()]);
    const [servers, splits, stats, processes, configuration, tripped] = texts as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const former = await this.#former.look(processes);
    const actual = parseServerStates(servers);
    const told = parseSplits(splits);
    return {
      worker,
      sightings: sightingsOf(state, actual, parseStats(stats), former),
      shares: givenShares(told, tripped, guard),
      differences: [
        ...(runs(configuration, this.#installed) ? [] : ['it runs with another configuration']),
        ...differences(wantedServers(state), actual),
        ...splitCommands(state, told),
        ...(guard ? switchDifferences(state, guard) : []),
      ],
    };
  }

  /** It did not answer: whatever is asked next is asked over new connections. */
  renew(): void {
    this.#keeper.close();
    this.#switch.close();
    this.#node.renew();
  }

  close(): void {
    this.#runtime.close();
    this.#former.close();
    this.#keeper.close();
    this.#switch.close();
  }

  /** Undefined where it does not answer: then it takes nothing back, and whoever renews hears of it. */
  #lookAtSwitch(): Promise<SwitchState | undefined> {
    return this.#switch.look().catch(unlessSilent(undefined));
  }

  /** The files of a machine that was away. Another controller with a newer lease may have written them. */
  async #readUnder(state: HaproxyState): Promise<Partial<StateFiles>> {
    const files = await this.#keeper.read();
    const text = files['registry.json'];
    const fences = text === undefined ? {} : readState(text).registry.fences;
    const newer = Object.entries(fences).some(([app, fence]) => fence > (state.registry.fences[app] ?? 0));
    if (newer) throw new RegistryMoved(this.name);
    return files;
  }

  async #install(before: Partial<StateFiles>, files: StateFiles): Promise<void> {
    const reloads = needsReload(before, files);
    const changed = Object.entries(files).filter(
      ([name, text]) => reloads || before[name as keyof StateFiles] !== text,
    );
    this.#installed = undefined;
    if (changed.length > 0) await this.#keeper.install(Object.fromEntries(changed), before['registry.json']);
    this.#installed = files;
  }

  async #reload(files: StateFiles): Promise<void> {
    const { worker: before } = await this.#run([SHOW_PROCESSES], 'any');
    await reloadMaster(this.#node);
    const until = Date.now() + RELOAD_DEADLINE_MS;
    for (;;) {
      const { worker, texts } = await this.#run([GET_CONFIGURATION, SHOW_PROCESSES], 'any');
      if (runs(texts[0]!, files) && worker !== before) return;
      const failed = /\[failed: ([1-9]\d*)\]/.exec(texts[1]!);
      if (failed)
        throw new ReloadFailed(this.name, `could not start with the new configuration (${failed[1]} times)`);
      if (Date.now() > until)
        throw new ReloadFailed(this.name, `did not do so in ${RELOAD_DEADLINE_MS / 1000} s`);
    }
  }

  async #settle(state: HaproxyState): Promise<void> {
    const wanted = wantedServers(state);
    const { texts } = await this.#run([SHOW_SERVERS, SHOW_SPLITS], 'any');
    const actual = parseServerStates(texts[0]!);
    const commands = commandsFor(wanted, actual, splitCommands(state, parseSplits(texts[1]!)));
    if (commands.length > 0) await this.#run(commands);
  }

  /** Runs commands, and insists on the answers that mean success. */
  async #run(commands: readonly string[], accepted: readonly string[] | 'any' = []) {
    const answers = await this.#runtime.run(commands, COMMAND_DEADLINE_MS);
    if (accepted === 'any') return answers;
    const single = commands.flatMap((command) => command.split('; '));
    for (const [index, text] of answers.texts.entries()) {
      if (isAccepted(text) || accepted.some((words) => text.includes(words))) continue;
      throw new HaproxyRefused(this.name, single[index]!, text);
    }
    return answers;
  }
}

/** Whether a worker that answers this to {@link GET_CONFIGURATION} was started with the files. */
function runs(answer: string, files: Partial<StateFiles> | undefined): boolean {
  const configuration = files?.['fairway.cfg'];
  return configuration === undefined || answer.includes(`<${configurationOf(configuration)}>`);
}

/** Tells the master to start a new worker. It answers by closing the connection. */
async function reloadMaster(node: HaproxyNode): Promise<void> {
  const stream = await node.openMaster().catch((error: Error) => {
    throw new HaproxyUnreachable(node.name, error.message, error);
  });
  await new Promise<void>((resolve) => {
    stream.on('error', () => resolve());
    stream.on('close', () => resolve());
    stream.resume();
    stream.write('reload\n');
    setTimeout(resolve, COMMAND_DEADLINE_MS).unref();
  });
  stream.destroy();
}
