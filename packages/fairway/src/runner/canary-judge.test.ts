import { describe, expect, it } from 'vitest';
import { type AppCounters, LATENCY_BOUNDS_MS, type ServerCounters, type Side } from '../balancer/balancer.ts';
import type { TimedEvent } from '../rollout/events.ts';
import { CanaryJudge } from './canary-judge.ts';
import { batchBetween } from './traffic-batch.ts';

function server(
  side: Side,
  requests: number,
  failed: number,
  more: Partial<ServerCounters> = {},
): ServerCounters {
  return {
    id: `web/${side}/a`,
    generation: side === 'canary' ? 'new+c1' : 'old+c1',
    side,
    requests,
    answers: [0, requests - failed, 0, 0, failed],
    failures: 0,
    retried: 0,
    latencyBuckets: LATENCY_BOUNDS_MS.map((bound) => (bound >= 10 ? requests : 0)).concat(requests),
    latencySumMs: 0,
    ...more,
  };
}
const counters = (...servers: ServerCounters[]): AppCounters => ({ app: 'web', servers, unserved: {} });
const policy = { minRequests: 100, errors: { worseBy: 0.01 } };

/** What a judge says after seconds in which so many requests were made of either side, and failed. */
function judged(perSecond: number, failed: number, seconds: number, judge = new CanaryJudge(policy, [])) {
  const events = [];
  for (let second = 0; second <= seconds; second += 1) {
    const seen = counters(
      server('canary', second * perSecond, second * failed),
      server('baseline', second * 10 * perSecond, 0),
    );
    events.push(...judge.look(seen, 'first', second * 1_000));
  }
  return { judge, events };
}

describe('the judge of a canary', () => {
  it('holds until it has seen enough, then passes what is as good', () => {
    expect(judged(30, 0, 3).judge.verdict('first')?.outcome).toBe('inconclusive');
    expect(judged(30, 0, 4).judge.verdict('first')?.outcome).toBe('pass');
  });

  it('condemns what fails, in a sentence with numbers', () => {
    expect(judged(30, 9, 5).judge.verdict('first')).toEqual({
      outcome: 'fail',
      sentence: 'canary 30 % failed of 150, stable 0.0 % of 1,500; p < 0.00001',
    });
  });

  it('wants requests of each step of its own, and says so', () => {
    const { judge } = judged(30, 0, 10);
    const same = counters(server('canary', 300, 0), server('baseline', 3_000, 0));
    expect(judge.verdict('second')).toBeUndefined();
    judge.look(same, 'second', 11_000);
    expect(judge.verdict('second')).toEqual({
      outcome: 'inconclusive',
      sentence: 'too little to judge this step by: the canary had 0 of at least 100 requests in it',
    });
  });

  it('is due each second, at once in another step, and when the clock was set back', () => {
    const { judge } = judged(30, 0, 10);
    expect(judge.isDue('first', 10_999)).toBe(false);
    expect(judge.isDue('first', 11_000)).toBe(true);
    expect(judge.isDue('second', 10_001)).toBe(true);
    expect(judge.isDue('first', 9_000)).toBe(true);
  });

  it('records each change of its mind, and its evidence every ten seconds', () => {
    const { events } = judged(30, 0, 30);
    expect(events.map((event) => event.type === 'judged' && event.outcome)).toEqual([
      'inconclusive',
      'pass',
      'pass',
      'pass',
    ]);
  });

  it('goes on after a restart from what was recorded', () => {
    const journal = judged(30, 9, 5).events.map((event): TimedEvent => ({ at: 0, event }));
    const read = JSON.parse(JSON.stringify(journal)) as TimedEvent[];
    const judge = new CanaryJudge(policy, read);
    judge.look(counters(server('canary', 150, 45), server('baseline', 1_500, 0)), 'first', 0);
    expect(judge.verdict('first')?.outcome).toBe('fail');
  });
});

describe('what both sides did between two looks', () => {
  it('is the difference of their totals, with what another server had to answer as failed', () => {
    const before = counters(server('canary', 100, 2), server('baseline', 900, 3));
    const after = counters(
      server('canary', 150, 5, { failures: 4, retried: 4 }),
      server('baseline', 1_350, 3),
    );
    const { canary, baseline } = batchBetween(before, after);
    expect([canary.requests, canary.failed]).toEqual([50, 7]);
    expect([baseline.requests, baseline.failed]).toEqual([450, 0]);
  });

  it('counts a server that was registered anew from its beginning', () => {
    const before = counters(server('canary', 1_000, 50));
    const { canary } = batchBetween(before, counters(server('canary', 10, 1)));
    expect([canary.requests, canary.failed]).toEqual([10, 1]);
  });

  it('samples request times from the histogram, as many of each bucket as it has of all', () => {
    const { canary } = batchBetween(counters(), counters(server('canary', 100_000, 0)));
    expect(canary.timesMs).toHaveLength(200);
    for (const time of canary.timesMs) expect(time).toBeCloseTo(Math.sqrt(70));
  });
});
