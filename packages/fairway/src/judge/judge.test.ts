import { describe, expect, it } from 'vitest';
import { type Evidence, type JudgePolicy, judge, NOTHING_SEEN, see } from './judge.ts';

const policy: JudgePolicy = { minRequests: 200, errors: { worseBy: 0.01 } };
const none = { requests: 0, failed: 0, timesMs: [] };

function seen(...batches: { canary: [number, number]; baseline: [number, number] }[]): Evidence {
  const side = ([requests, failed]: [number, number]) => ({ requests, failed, timesMs: [] });
  return batches.reduce(
    (evidence, { canary, baseline }) => see(evidence, { canary: side(canary), baseline: side(baseline) }),
    NOTHING_SEEN,
  );
}

describe('the judge', () => {
  it('holds while the canary has had too few requests, and says how many are missing', () => {
    expect(judge(seen({ canary: [37, 0], baseline: [900, 2] }), policy)).toEqual({
      outcome: 'inconclusive',
      sentence: 'too little to judge by: the canary had 37 of at least 200 requests',
    });
  });

  it('holds while there is no baseline to compare with', () => {
    expect(judge(seen({ canary: [500, 0], baseline: [0, 0] }), policy).sentence).toBe(
      'nothing to compare with: the baseline had no requests',
    );
  });

  it('passes a canary that is no worse, with its numbers', () => {
    expect(judge(seen({ canary: [1204, 3], baseline: [22870, 60] }), policy)).toEqual({
      outcome: 'pass',
      sentence: 'canary 0.2 % failed of 1,204, stable 0.3 % of 22,870; p = 1.00',
    });
  });

  it('condemns one that fails more, with its numbers', () => {
    expect(judge(seen({ canary: [1204, 37], baseline: [22870, 46] }), policy)).toEqual({
      outcome: 'fail',
      sentence: 'canary 3.1 % failed of 1,204, stable 0.2 % of 22,870; p < 0.00001',
    });
  });

  it('holds when the canary looks worse but that may be chance', () => {
    const verdict = judge(seen({ canary: [200, 3], baseline: [400, 1] }), policy);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.sentence).toMatch(/worse, but that may be chance$/);
  });

  it('lets a canary fail more within the margin that the policy allows, however certain that is', () => {
    const evidence = seen({ canary: [100_000, 900], baseline: [100_000, 100] });
    expect(judge(evidence, { minRequests: 200, errors: { worseBy: 0.01 } }).outcome).toBe('pass');
    expect(judge(evidence, { minRequests: 200, errors: { worseBy: 0.005 } }).outcome).toBe('fail');
  });

  it('does not blame the canary for an outage that both sides share', () => {
    const calm = { canary: [500, 0], baseline: [500, 0] } as {
      canary: [number, number];
      baseline: [number, number];
    };
    const outage = { canary: [250, 240], baseline: [30, 29] } as typeof calm;
    // Counted as one heap the canary has 32 % and the baseline 5 %: the outage fell where the canary had more of the traffic.
    expect(judge(seen(calm, outage), policy).outcome).toBe('pass');
  });

  it('waits for request times where the policy judges them', () => {
    const evidence = seen({ canary: [500, 0], baseline: [500, 0] });
    expect(judge(evidence, { ...policy, latency: { p95WorseBy: 0.5 } })).toEqual({
      outcome: 'inconclusive',
      sentence: 'too few request times were sampled to compare them',
    });
  });

  it('keeps what it knows in plain values', () => {
    const evidence = see(NOTHING_SEEN, { canary: { ...none, requests: 9, timesMs: [1, 2] }, baseline: none });
    expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
  });
});
