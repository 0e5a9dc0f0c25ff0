import type { GenerationId, SlotAddress } from './slot.ts';

/**
 * `unknown`: the host cannot be reached now, and the generation is what was seen there last. It may well run; whether it
 * serves is the balancer's to say.
 */
export type ProcessSeen = 'absent' | 'running' | 'backoff' | 'stopping' | 'stopped' | 'unknown';

/** What is seen of one slot: its process, as the host tells, and its server, as the balancer tells. */
export interface SlotObservation {
  readonly slot: SlotAddress;
  readonly host: string;
  readonly process: ProcessSeen;
  /** What the process runs; undefined when there is none. */
  readonly generation?: GenerationId;
  /** Unix time, ms. */
  readonly startedAt?: number;
  /** How often it has ended by itself. */
  readonly restarts: number;
  readonly lastExit?: string;
  readonly pool: 'absent' | 'out' | 'serving' | 'draining';
  /** On which side of a split the balancer has it; left out: the baseline. */
  readonly side?: 'canary';
  /** What the balancer was told the server runs; undefined when it knows none. */
  readonly poolGeneration?: GenerationId;
  readonly healthy: boolean;
  /** Why the last health check failed. */
  readonly lastFailure?: string;
  /** Requests under way. */
  readonly inFlight: number;
}

/** What the judge says of a canary at present. */
export interface VerdictSeen {
  readonly outcome: 'pass' | 'fail' | 'inconclusive';
  readonly sentence: string;
}

/** How an app's users are split, as the balancer tells, and how the canary does. */
export interface SplitObservation {
  readonly share: {
    readonly basisPoints: number;
    readonly offset: number;
    /** Taken back by the balancer itself, which had heard nothing of the controller for too long. */
    readonly tripped?: object;
  };
  /** Undefined while nobody judges. */
  readonly verdict?: VerdictSeen;
}

export const NO_SPLIT: SplitObservation = { share: { basisPoints: 0, offset: 0 } };

/** Nothing runs here and the balancer knows nothing of it. */
export function isClean(slot: SlotObservation | undefined): boolean {
  return (
    slot === undefined ||
    ((slot.process === 'absent' || slot.process === 'stopped') && slot.pool === 'absent')
  );
}

/** Takes everybody's requests and answers them. A canary does not count: its share may be taken from it at any time. */
export function isOperational(slot: SlotObservation | undefined): boolean {
  return answers(slot) && slot?.side !== 'canary';
}

/** Takes requests, on whichever side, and answers them. */
export function answers(slot: SlotObservation | undefined): boolean {
  return (
    slot !== undefined &&
    slot.pool === 'serving' &&
    slot.healthy &&
    (slot.process === 'running' || slot.process === 'unknown')
  );
}

/** Runs `generation`, or is about to run it again. */
export function runs(slot: SlotObservation | undefined, generation: GenerationId | undefined): boolean {
  return (
    slot !== undefined &&
    generation !== undefined &&
    slot.generation === generation &&
    (slot.process === 'running' || slot.process === 'backoff' || slot.process === 'unknown')
  );
}
