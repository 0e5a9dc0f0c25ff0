import type { AppCounters } from '../balancer/balancer.ts';
import { type Evidence, type JudgePolicy, judge, NOTHING_SEEN, see } from '../judge/judge.ts';
import { count } from '../judge/words.ts';
import type { RolloutEvent, TimedEvent } from '../rollout/events.ts';
import type { VerdictSeen } from '../rollout/observation.ts';
import { batchBetween } from './traffic-batch.ts';

/** The statistics are looked at so often; they stay right however often that is. */
export const LOOK_EVERY_MS = 1_000;
/** Evidence that is lost with the controller is at most as old as this. */
const RECORD_EVERY_MS = 10_000;

/** Gathers evidence of one canary from the balancer's counters, and says what it comes to. */
export class CanaryJudge {
  readonly #policy: JudgePolicy;
  #evidence: Evidence;
  #before: AppCounters | undefined;
  #step = '';
  #requestsBeforeStep = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #recordedAt = Number.NEGATIVE_INFINITY;
  #recorded: VerdictSeen['outcome'] | undefined;
  #verdict: VerdictSeen | undefined;

  /** Goes on from what a controller before it has recorded. */
  constructor(policy: JudgePolicy, journal: readonly TimedEvent[]) {
    this.#policy = policy;
    this.#evidence = lastEvidence(journal) ?? NOTHING_SEEN;
  }

  /** On the present step; undefined until it was looked at. */
  verdict(step: string): VerdictSeen | undefined {
    return step === this.#step ? this.#verdict : undefined;
  }

  /** A clock that was set back makes it due as well. */
  isDue(step: string, now: number): boolean {
    const passedMs = now - this.#lookedAt;
    return step !== this.#step || passedMs >= LOOK_EVERY_MS || passedMs < 0;
  }

  /** Takes in the counters of this moment. `step` names the step; each needs requests of its own. */
  look(counters: AppCounters, step: string, now: number): readonly RolloutEvent[] {
    this.#lookedAt = now;
    if (this.#before) this.#evidence = see(this.#evidence, batchBetween(this.#before, counters));
    this.#before = counters;
    if (step !== this.#step) {
      this.#step = step;
      this.#requestsBeforeStep = this.#requests;
    }
    const verdict = this.#judge();
    this.#verdict = verdict;
    if (verdict.outcome === this.#recorded && now - this.#recordedAt < RECORD_EVERY_MS) return [];
    this.#recorded = verdict.outcome;
    this.#recordedAt = now;
    return [{ type: 'judged', ...verdict, evidence: storable(this.#evidence) }];
  }

  get #requests(): number {
    return this.#evidence.failures.canary.requests;
  }

  /** A step is passed by what was seen in it: what the ones before had says nothing of the load of this one. */
  #judge(): VerdictSeen {
    const verdict = judge(this.#evidence, this.#policy);
    const { minRequests } = this.#policy;
    const inStep = this.#requests - this.#requestsBeforeStep;
    if (verdict.outcome !== 'pass' || inStep >= minRequests) return verdict;
    const sentence = `too little to judge this step by: the canary had ${count(inStep)} of at least ${count(minRequests)} requests in it`;
    return { outcome: 'inconclusive', sentence };
  }
}

/** Times that wait to be weighed are not worth their place in the journal. */
function storable(evidence: Evidence): Evidence {
  return { ...evidence, latency: { ...evidence.latency, waiting: { canary: [], baseline: [] } } };
}

function lastEvidence(journal: readonly TimedEvent[]): Evidence | undefined {
  const judged = journal.findLast(
    ({ event }) => event.type === 'judged' && event.evidence !== undefined,
  )?.event;
  return judged?.type === 'judged' ? (judged.evidence as Evidence) : undefined;
}
