import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import * as changes from './changes.ts';
import { ControlServer } from './control-server.ts';
import { DeadMansSwitch, renewedInThisRun } from './dead-mans-switch.ts';
import type { Surroundings } from './exchange.ts';
import { describeConnectionFailure } from './failure.ts';
import { Forwarder } from './forwarder.ts';
import { Keeper } from './keeper.ts';
import { LiveRegistry } from './live-registry.ts';
import { presentMoment } from './moment.ts';
import { PredecessorLink } from './predecessor-link.ts';
import { RegistryChanges } from './registry-changes.ts';
import { RegistryFile } from './registry-file.ts';
import { Succession } from './succession.ts';
import { type Listen, Visitors } from './visitors.ts';

export interface BalancerOptions {
  /** Holds `registry.json`; made when missing, private. */
  readonly stateDirectory: string;
  /** Where the control socket is; its directory is made when missing, private. */
  readonly socketPath: string;
  /** A listening socket inherited as a file descriptor, or an address to bind. */
  readonly listen: Listen;
  /** State changes only; requests are not logged. */
  readonly log: Logger;
  /** How long idle connections and WebSockets stay once this process retires. Default: 30 s. */
  readonly drainTimeoutMs?: number | undefined;
  /** How long requests under way may take then. Default: 15 min. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long visitors are told that an idle connection stays. Default: 20 s. */
  readonly visitorIdleMs?: number | undefined;
  /** Visitors' connections at a time; further ones are closed at once. Default: no limit. */
  readonly maxConnections?: number | undefined;
}

export interface RunningBalancer {
  readonly address: string;
  readonly port: number;
  /**
   * Stops accepting visitors, lets what is under way end, then resolves. A process that starts
   * meanwhile can still take over what is under way here.
   */
  retire(): Promise<void>;
}

/** Longer than the keep-alive time that visitors are told (20 s): those who keep to it have left by themselves. */
const DRAIN_TIMEOUT_MS = 30_000;
/** A request ends by the timeouts of its pool; only what is sent without end, or very slowly, lives longer than this. */
const REQUEST_TIMEOUT_MS = 15 * 60_000;

/**
 * Runs the balancer in this process: takes over from the process behind the control socket or loads the saved registry,
 * accepts visitors, and only then answers on the control socket: whoever gets an answer there knows that it serves.
 */
export async function runBalancer(options: BalancerOptions): Promise<RunningBalancer> {
  const { stateDirectory, socketPath, log } = options;
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });

  const file = new RegistryFile(stateDirectory);
  const predecessor = await PredecessorLink.open(socketPath, log);
  const state = predecessor?.takeover?.state ?? renewedInThisRun(await file.load(log), presentMoment());

  const { live, keeper, visitors, surroundings, deadMansSwitch } = assemble(state, file, options);
  if (predecessor) inherit(predecessor, live, keeper);
  keeper.enact();
  if (predecessor) continueCounting(predecessor, live);

  const bound = await visitors.listen(options.listen);
  const succession = new Succession(keeper, live, socketPath, log);
  const registryChanges = new RegistryChanges(keeper, live, log);
  const control = new ControlServer(
    {
      change: (message) => registryChanges.make(message),
      renew: (message) => registryChanges.renew(message),
      observe: () => live.observe(keeper.state),
      watch: (onChange) => keeper.watch((next) => onChange(live.observe(next))),
      counters: () => live.counters(),
      ready: () => ({ pid: process.pid, address: bound.address, port: bound.port }),
      handOver: async (socket) => {
        await succession.handOver(socket);
        control.endWatches();
      },
      get handingOver() {
        return keeper.frozen;
      },
    },
    log,
  );
  await control.listen(socketPath);
  await succession.claim();
  log.info({ pid: process.pid, ...bound, revision: state.revision }, 'the balancer is ready');

  return {
    address: bound.address,
    port: bound.port,
    retire: async () => {
      surroundings.retiring = true;
      const empty = visitors.stopAccepting();
      await succession.retire();
      control.endWatches();
      log.info({ pid: process.pid }, 'retiring: no new connections are accepted');
      const { drainTimeoutMs = DRAIN_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
      const deadline = setTimeout(() => {
        visitors.endGrace();
        live.endTunnels();
      }, drainTimeoutMs);
      let giveUp: NodeJS.Timeout | undefined;
      const lastTime = new Promise<void>((resolve) => {
        giveUp = setTimeout(resolve, requestTimeoutMs);
      });
      await Promise.race([empty, lastTime.then(() => visitors.destroyAll())]);
      clearTimeout(deadline);
      // Whoever retired before us reports to us, and our successor learns of it from us only.
      await Promise.race([predecessor?.ended, lastTime]);
      clearTimeout(giveUp);
      await succession.end();
      control.stop();
      live.stop();
      deadMansSwitch.stop();
      log.info({ pid: process.pid }, 'the balancer has ended');
    },
  };
}

function assemble(state: Keeper['state'], file: RegistryFile, options: BalancerOptions) {
  const { log, maxConnections, visitorIdleMs } = options;
  const live: LiveRegistry = new LiveRegistry({
    health: (slot, healthy, failure) => {
      log.info({ ...slot, healthy, failure }, 'health changed');
      keeper.note(changes.health(slot, healthy, failure));
    },
    drained: (slot) => {
      log.info(slot, 'drained');
      keeper.note(changes.takeOut(slot));
    },
  });
  const surroundings: { -readonly [Key in keyof Surroundings]: Surroundings[Key] } = {
    retiring: false,
    unreachable: (server, error) => live.monitorOf(server)?.markDown(describeConnectionFailure(error)),
    suspect: (server) => live.monitorOf(server)?.suspect(),
  };
  const forwarder = new Forwarder(live, surroundings);
  const deadMansSwitch = new DeadMansSwitch(presentMoment, ({ app, canary, at }) => {
    log.error({ app, canary, at }, 'nobody renewed the share of the canary in time: it is 0');
    keeper.insist(changes.trip(app, canary, at));
  });
  const apply = (next: Keeper['state']) => {
    live.apply(next);
    deadMansSwitch.watch(next);
  };
  const keeper: Keeper = new Keeper(state, file, apply, log);
  return {
    live,
    keeper,
    deadMansSwitch,
    surroundings,
    visitors: new Visitors(forwarder, { maxConnections, idleMs: visitorIdleMs }),
  };
}

function inherit(predecessor: PredecessorLink, live: LiveRegistry, keeper: Keeper): void {
  live.elsewhere = predecessor;
  keeper.relay = (next) => predecessor.relay(next);
  predecessor.onReport = () => live.reviewDrains();
  predecessor.onLateTakeover = () => keeper.reassert();
  // It knows what it handed over; when it handed nothing over, it must learn what stands as soon as it can.
  if (predecessor.takeover) keeper.reassert();
  else void predecessor.relay(keeper.state);
}

/** New users' places on the ring go on where the process before stopped: the share stays exact. */
function continueCounting(predecessor: PredecessorLink, live: LiveRegistry): void {
  for (const [app, count] of Object.entries(predecessor.takeover?.newUsers ?? {})) {
    const pool = live.pools.get(app);
    if (pool) pool.newUsers.count = count;
  }
}
