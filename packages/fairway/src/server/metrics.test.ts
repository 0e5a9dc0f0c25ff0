import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { type AppCounters, LATENCY_BOUNDS_MS, type ServerCounters } from '../balancer/balancer.ts';

const counters = (more: Partial<ServerCounters> = {}): ServerCounters => ({
  id: 'shop/1/a',
  generation: 'r1+c1',
  side: 'baseline',
  requests: 12,
  answers: [0, 8, 1, 1, 2],
  failures: 3,
  retried: 2,
  latencyBuckets: [...LATENCY_BOUNDS_MS.map((_, index) => Math.min(index, 12)), 12],
  latencySumMs: 345,
  ...more,
});

/**
 * The text format 0.0.4 line by line (prometheus.io/docs/instrumenting/exposition_formats). Values are read by Go's
 * ParseFloat, which takes `Nan`, as prom-client writes it, for NaN.
 */
function parse(text: string): Map<string, number> {
  const series = new Map<string, number>();
  const types = new Map<string, string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const type = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram|summary)$/.exec(line);
    if (type) {
      expect(types.has(type[1]!), `${type[1]} has one type`).toBe(false);
      types.set(type[1]!, type[2]!);
      continue;
    }
    if (/^# HELP [a-z_:][a-z0-9_:]* \S.*$/.test(line)) continue;
    const sample =
      /^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\+Inf|[Nn]a[Nn]|-?[0-9.e+-]+)$/.exec(
        line,
      );
    expect(sample, line).not.toBeNull();
    const family = sample![1]!.replace(/_(bucket|sum|count)$/, (suffix) =>
      types.has(sample![1]!) ? suffix : '',
    );
    expect(types.has(family), `${line} has a type`).toBe(true);
    const key = sample![1]! + (sample![2] ?? '');
    expect(series.has(key), `${key} comes once`).toBe(false);
    series.set(key, Number(sample![3]));
  }
  return series;
}

describe('metrics', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.dispose());
  const scrape = async () => {
    const answer = await server.ask('GET', '/metrics', { as: 'viewer' });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    return parse(answer.text);
  };

  it('count requests, failures and times of every release, instance and slot', async () => {
    const apps: AppCounters[] = [
      {
        app: 'shop',
        servers: [counters(), counters({ id: 'shop/1/b', side: 'canary', requests: 1 })],
        unserved: { '503': 4 },
      },
    ];
    server.counters = () => Promise.resolve(apps);
    const series = await scrape();
    const labels = 'app="shop",release="r1",instance="1",slot="a",side="baseline"';
    expect(series.get(`fairway_requests_total{${labels},status="2xx"}`)).toBe(8);
    expect(series.get(`fairway_requests_total{${labels},status="5xx"}`)).toBe(2);
    expect(series.get(`fairway_request_failures_total{${labels}}`)).toBe(3);
    expect(series.get(`fairway_requests_retried_total{${labels}}`)).toBe(2);
    expect(series.get('fairway_requests_unserved_total{app="shop",status="503"}')).toBe(4);
    expect(series.get(`fairway_request_duration_seconds_bucket{${labels},le="0.001"}`)).toBe(0);
    expect(series.get(`fairway_request_duration_seconds_bucket{${labels},le="0.002"}`)).toBe(1);
    expect(series.get(`fairway_request_duration_seconds_bucket{${labels},le="30"}`)).toBe(12);
    expect(series.get(`fairway_request_duration_seconds_bucket{${labels},le="+Inf"}`)).toBe(12);
    expect(series.get(`fairway_request_duration_seconds_count{${labels}}`)).toBe(12);
    expect(series.get(`fairway_request_duration_seconds_sum{${labels}}`)).toBe(0.345);
  });

  it('say what the balancer and the hosts hold', async () => {
    const pooled = (slot: 'a' | 'b', state: 'serving' | 'out', healthy: boolean) => ({
      slot: { app: 'shop', instance: '1', slot },
      id: `shop/1/${slot}` as const,
      host: 'local',
      port: 1,
      side: 'baseline' as const,
      generation: 'r+c' as const,
      state,
      healthy,
      inFlight: 0,
    });
    const rollout = server.controller.start('shop');
    server.controller.view = {
      ...server.controller.view,
      apps: [
        {
          app: 'shop',
          pool: {
            definition: {} as never,
            servers: [pooled('a', 'serving', true), pooled('b', 'serving', false), pooled('b', 'out', true)],
            share: { basisPoints: 0, offset: 0 },
          },
          processes: [],
          rollout,
          queued: [],
        },
      ],
    };
    const series = await scrape();
    expect(series.get('fairway_instances{app="shop",state="serving"}')).toBe(2);
    expect(series.get('fairway_instances{app="shop",state="draining"}')).toBe(0);
    expect(series.get('fairway_instances_healthy{app="shop"}')).toBe(1);
    expect(series.get('fairway_processes{app="shop",state="running"}')).toBe(0);
    expect(series.get('fairway_rollout_in_progress{app="shop"}')).toBe(1);
    server.controller.view = { ...server.controller.view, apps: [] };
    expect((await scrape()).has('fairway_rollout_in_progress{app="shop"}')).toBe(false);
  });

  it('count builds and outcomes as the journal tells them', async () => {
    server.controller.start('shop');
    server.controller.happen(
      'shop-1',
      { type: 'build-finished', release: 'r', reused: false, seconds: 7 },
      { type: 'build-finished', release: 'r', reused: true, seconds: 0 },
      { type: 'finished', outcome: 'taken-back', reason: 'unhealthy' },
    );
    await expect
      .poll(async () =>
        (await scrape()).get('fairway_rollouts_finished_total{app="shop",outcome="taken-back"}'),
      )
      .toBe(1);
    const series = await scrape();
    expect(series.get('fairway_build_duration_seconds_count{app="shop"}')).toBe(1);
    expect(series.get('fairway_build_duration_seconds_sum{app="shop"}')).toBe(7);
  });

  it('are still answered when neither the balancer nor the production can be read', async () => {
    server.counters = () => Promise.reject(new Error('connection refused'));
    server.controller.refusal = new Error('no overview');
    const series = await scrape();
    expect(series.get('fairway_controller_up')).toBe(1);
    expect(series.get('fairway_balancer_up')).toBe(0);
    server.counters = () => Promise.resolve([]);
    expect((await scrape()).get('fairway_balancer_up')).toBe(1);
  });

  it('stay readable whatever an app is called', async () => {
    server.counters = () => Promise.resolve([{ app: 'a"\\\nb', servers: [], unserved: { '503': 1 } }]);
    expect((await scrape()).get('fairway_requests_unserved_total{app="a\\"\\\\\\nb",status="503"}')).toBe(1);
  });
});
