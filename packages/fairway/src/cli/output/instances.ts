import type { AppOverview, PoolServer, SlotProcess } from '../../server/api.ts';
import { releaseOf } from './words.ts';

export type Tone = 'good' | 'moving' | 'bad' | 'quiet';

/** One slot in one word, with what a person needs when the word is a bad one. */
export interface SlotView {
  readonly word: string;
  readonly tone: Tone;
  readonly release: string | undefined;
  readonly inFlight: number;
  /** What went wrong, or how long something may still take. */
  readonly trouble: string | undefined;
}

export interface InstanceView {
  readonly name: string;
  /** One, or two while the next release starts beside the old one. */
  readonly slots: readonly SlotView[];
}

/** Joins what the hosts run with what the balancer serves: the configured instances first, then any other. */
export function viewInstances(app: AppOverview): InstanceView[] {
  const servers = app.pool?.servers ?? [];
  const names = new Set([
    ...(app.config?.instances ?? []).map((instance) => instance.name),
    ...servers.map((server) => server.slot.instance),
    ...app.processes.filter((process) => process.state !== 'stopped').map((process) => process.slot.instance),
  ]);
  return [...names].map((name) => {
    const slots = (['a', 'b'] as const)
      .map((slot) => {
        const isThis = (other: { slot: { instance: string; slot: string } }) =>
          other.slot.instance === name && other.slot.slot === slot;
        return viewSlot(servers.find(isThis), app.processes.find(isThis), app.pool !== undefined);
      })
      .filter((view) => view !== undefined);
    return { name, slots: slots.length > 0 ? slots.sort(servingFirst) : [NOTHING] };
  });
}

const NOTHING: SlotView = { word: 'down', tone: 'bad', release: undefined, inFlight: 0, trouble: undefined };

function servingFirst(one: SlotView, other: SlotView): number {
  return Number(other.word === 'serving') - Number(one.word === 'serving');
}

function viewSlot(
  server: PoolServer | undefined,
  process: SlotProcess | undefined,
  isPoolKnown: boolean,
): SlotView | undefined {
  const generation = server?.generation ?? process?.generation;
  const view = (word: string, tone: Tone, trouble?: string): SlotView => ({
    word,
    tone,
    release: generation && releaseOf(generation),
    inFlight: server?.inFlight ?? 0,
    trouble,
  });
  if (process?.state === 'unknown') {
    const serves = server?.state === 'serving' && server.healthy;
    return serves ? view('serving', 'good', OUT_OF_REACH) : view('unreachable', 'bad', OUT_OF_REACH);
  }
  if (process?.state === 'backoff') return view('crashed', 'bad', crash(process));
  if (server?.state === 'serving') {
    return server.healthy ? view('serving', 'good') : view('unhealthy', 'bad', server.lastFailure);
  }
  if (server?.state === 'draining') return view('draining', 'moving');
  switch (process?.state) {
    case 'running':
      // Without the balancer's word nobody knows whether it serves.
      if (!isPoolKnown) return view('running', 'moving', crash(process));
      return server?.healthy ? view('ready', 'moving') : view('starting', 'moving', crash(process));
    case 'stopping':
      return view('stopping', 'moving');
    case 'stopped':
    case undefined:
      return server && view('out', 'bad', server.lastFailure);
  }
}

const OUT_OF_REACH = 'its host cannot be reached';

function crash(process: SlotProcess): string | undefined {
  if (!process.lastExit || process.restarts === 0) return undefined;
  const times = process.restarts === 1 ? 'once' : `${process.restarts} times`;
  return `${process.lastExit.reason}, restarted ${times}`;
}
