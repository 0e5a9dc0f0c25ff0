import { setTimeout as delay } from 'node:timers/promises';
import { LoadGenerator } from '../load/generator.ts';
import type { RequestKind } from '../load/request.ts';
import type { Contender, DeployNote } from './contender.ts';

const PER_SECOND = 300;
const MOST_REQUESTS = 60_000;
/** Load before and after the deploy itself: what it breaks may show later. */
const MARGIN_MS = 1_000;

export interface Measured {
  readonly seconds: number;
  readonly sent: number;
  readonly failed: number;
  readonly stalled: number;
  readonly p99Ms: number;
  readonly note?: DeployNote;
  readonly examples: readonly string[];
}

/** One update under open-loop load of GETs and POSTs, with and without keep-alive. */
export async function measure(contender: Contender, host: string, release: string): Promise<Measured> {
  const load = new LoadGenerator({
    target: { host, port: contender.port, hostname: contender.hostname },
    kinds: visits(),
    perSecond: PER_SECOND,
    atMost: MOST_REQUESTS,
  });
  load.start();
  try {
    await delay(MARGIN_MS);
    // Of those that have been answered; some always are under way.
    const { failed: before, examples: why } = load.tally.totals({ from: 0, to: performance.now() });
    if (load.tally.open === load.tally.sent || before > 0)
      throw new Error(`${contender.name} does not serve before it is updated: ${why[0] ?? 'no answer'}`);
    const from = performance.now();
    const note = await contender.deploy(release);
    const seconds = (performance.now() - from) / 1000;
    await delay(MARGIN_MS);
    await load.stop();
    const { sent, failed, stalled, p99Ms, examples } = load.tally.totals();
    return { seconds, sent, failed, stalled, p99Ms, examples, ...(note && { note }) };
  } finally {
    await load.stop();
  }
}

function visits(): readonly RequestKind[] {
  const body = 'what was posted comes back';
  return [true, false].flatMap((keepAlive): RequestKind[] => [
    { name: 'GET', method: 'GET', path: '/', keepAlive, ownTimeMs: 0, check: holds('hello') },
    { name: 'POST', method: 'POST', path: '/', keepAlive, ownTimeMs: 0, body, check: holds(body) },
  ]);
}

function holds(text: string): RequestKind['check'] {
  return (status, body) =>
    status === 200 && body.includes(text) ? undefined : `status ${status}: ${body.slice(0, 80)}`;
}
