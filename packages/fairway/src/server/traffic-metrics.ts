import type { Logger } from 'pino';
import { Gauge, type Metric, type Registry } from 'prom-client';
import { type AppCounters, LATENCY_BOUNDS_MS, type ServerCounters } from '../balancer/balancer.ts';
import type { MetricsSource } from './metrics.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  readonly samples: (apps: readonly AppCounters[]) => readonly Sample[];
}

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

const families: readonly Family[] = [
  {
    name: 'fairway_requests_total',
    help: 'Answers of instances, by class of status',
    type: 'counter',
    samples: perServer((server, labels) =>
      CLASSES.map((status, index) => ({ labels: { ...labels, status }, value: server.answers[index]! })),
    ),
  },
  {
    name: 'fairway_request_failures_total',
    help: 'Requests that got no answer from the instance: refused, reset, timed out',
    type: 'counter',
    samples: perServer((server, labels) => [{ labels, value: server.failures }]),
  },
  {
    name: 'fairway_requests_retried_total',
    help: 'Of the failures, those that another instance then answered',
    type: 'counter',
    samples: perServer((server, labels) => [{ labels, value: server.retried }]),
  },
  {
    name: 'fairway_requests_unserved_total',
    help: 'Requests that no instance answered, by the status sent',
    type: 'counter',
    samples: (apps) =>
      apps.flatMap(({ app, unserved }) =>
        Object.entries(unserved).map(([status, value]) => ({ labels: { app, status }, value })),
      ),
  },
  {
    name: 'fairway_request_duration_seconds',
    help: 'From the request to the end of its answer',
    type: 'histogram',
    samples: perServer(histogram),
  },
];

/**
 * Adds the balancer's own totals, and answers with what reads them. prom-client's counters and histograms can only count
 * by themselves, so these are rendered from the last reading; a balancer that cannot be read shows as
 * `fairway_balancer_up 0`.
 */
export function registerTraffic(registry: Registry, source: MetricsSource, log: Logger): () => Promise<void> {
  let apps: readonly AppCounters[] = [];
  const up = new Gauge({
    name: 'fairway_balancer_up',
    help: '1 while the balancer can be read',
    registers: [registry],
  });
  for (const { samples, ...family } of families) {
    const metric = {
      name: family.name,
      get: () => Promise.resolve({ ...family, aggregator: 'sum', values: samples(apps) }),
      reset: () => {},
    };
    registry.registerMetric(metric as unknown as Metric);
  }
  return async () => {
    try {
      apps = await source.counters();
      up.set(1);
    } catch (error) {
      log.warn({ err: error }, 'metrics: the balancer could not be read');
      apps = [];
      up.set(0);
    }
  };
}

/** Both slots of an instance can run the same release, so the slot is a label too: no two series may be the same. */
function perServer(samples: (server: ServerCounters, labels: Record<string, string>) => readonly Sample[]) {
  return (apps: readonly AppCounters[]) =>
    apps.flatMap(({ servers }) =>
      servers.flatMap((server) => {
        const [app = '', instance = '', slot = ''] = server.id.split('/');
        const [release = ''] = server.generation.split('+');
        return samples(server, { app, release, instance, slot, side: server.side });
      }),
    );
}

/** Bounds become seconds, the base unit that Prometheus asks for (prometheus.io/docs/practices/naming). */
function histogram(server: ServerCounters, labels: Record<string, string>): readonly Sample[] {
  const name = 'fairway_request_duration_seconds';
  const count = server.latencyBuckets[LATENCY_BOUNDS_MS.length] ?? server.requests;
  const buckets = LATENCY_BOUNDS_MS.map((bound, index) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: String(bound / 1000) },
    value: server.latencyBuckets[index] ?? 0,
  }));
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: server.latencySumMs / 1000 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
