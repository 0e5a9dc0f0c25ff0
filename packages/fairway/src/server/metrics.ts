import type { Logger } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AppCounters } from '../balancer/balancer.ts';
import type { Controller } from '../runner/controller.ts';
import type { JournalEntry, Store } from '../store/store.ts';
import { registerTraffic } from './traffic-metrics.ts';

/** What knows how requests went; a `Balancer` is one. */
export interface MetricsSource {
  counters(): Promise<readonly AppCounters[]>;
}

interface MetricsParts {
  readonly controller: Controller;
  readonly store: Store;
  readonly source: MetricsSource;
  readonly log: Logger;
  /** Ends the watching of the journal. */
  readonly signal: AbortSignal;
}

/** Build times in seconds: from a cached install to a long compilation. */
const BUILD_BOUNDS_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];

/** Begins to count what happens, and answers with what renders all figures in Prometheus' text format. */
export function startMetrics(parts: MetricsParts): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'fairway_controller_up',
    help: '1 while the control server answers',
    registers: [registry],
  }).set(1);
  const readTraffic = registerTraffic(registry, parts.source, parts.log);
  const readProduction = registerProduction(registry, parts);
  void countEvents(registry, parts);
  return async () => {
    await Promise.all([readTraffic(), readProduction()]);
    return registry.metrics();
  };
}

/** Gauges of what the overview says; answers with what reads it once and fills them all. */
function registerProduction(registry: Registry, { controller, log }: MetricsParts): () => Promise<void> {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const servers = gauge('fairway_instances', 'Instances that the balancer knows, by state', 'app', 'state');
  const healthy = gauge('fairway_instances_healthy', 'Serving instances that pass their checks', 'app');
  const processes = gauge('fairway_processes', 'Slots that hosts know, by state', 'app', 'state');
  const moving = gauge('fairway_rollout_in_progress', '1 while a rollout moves the app', 'app');
  const queued = gauge('fairway_rollouts_queued', 'Rollouts that wait for their turn', 'app');

  return async () => {
    const overview = await controller.overview().catch((error: unknown) => {
      log.warn({ err: error }, 'metrics: the overview could not be read');
      return undefined;
    });
    for (const each of [servers, healthy, processes, moving, queued]) each.reset();
    for (const { app, pool, processes: slots, rollout, queued: waiting } of overview?.apps ?? []) {
      const known = pool?.servers ?? [];
      for (const state of ['serving', 'draining', 'out'] as const) {
        servers.set({ app, state }, known.filter((server) => server.state === state).length);
      }
      healthy.set({ app }, known.filter((server) => server.state === 'serving' && server.healthy).length);
      for (const state of ['running', 'backoff', 'stopping', 'stopped', 'unknown'] as const) {
        processes.set({ app, state }, slots.filter((slot) => slot.state === state).length);
      }
      moving.set({ app }, rollout ? 1 : 0);
      queued.set({ app }, waiting.length);
    }
  };
}

/** Counts what the journal tells from now on. */
async function countEvents(
  registry: Registry,
  { controller, store, log, signal }: MetricsParts,
): Promise<void> {
  const finished = new Counter({
    name: 'fairway_rollouts_finished_total',
    help: 'Rollouts that ended since the control server started, by outcome',
    labelNames: ['app', 'outcome'],
    registers: [registry],
  });
  const builds = new Histogram({
    name: 'fairway_build_duration_seconds',
    help: 'How long builds took; reused releases are not counted',
    labelNames: ['app'],
    buckets: BUILD_BOUNDS_SECONDS,
    registers: [registry],
  });
  const count = ({ app, event }: JournalEntry) => {
    if (event.type === 'finished') finished.inc({ app, outcome: event.outcome });
    if (event.type === 'build-finished' && !event.reused) builds.observe({ app }, event.seconds);
  };
  try {
    for await (const entry of controller.events(store.lastSequence(), undefined, signal)) count(entry);
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'metrics: the journal cannot be followed any more');
  }
}
