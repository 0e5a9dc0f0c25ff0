import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import type { SupervisedProcess } from './supervised-process.ts';

const pollMs = 20;

/**
 * Waits until the balancer `started` answers `GET /ready` on its control socket, with 200 and its own pid: the one that it
 * is to replace may answer on the same path before. Throws {@link BalancerNotReady}.
 */
export async function waitUntilReady(
  socketPath: string,
  started: SupervisedProcess,
  timeoutMs: number,
): Promise<void> {
  let end: string | undefined;
  void started.ended.then((reason) => {
    end = reason;
  });
  const deadline = Date.now() + timeoutMs;
  while ((await readyPid(socketPath)) !== started.reference?.pid || started.reference === undefined) {
    if (end !== undefined) throw new BalancerNotReady(end);
    if (Date.now() > deadline) throw new BalancerNotReady(`not ready after ${timeoutMs / 1000} s`);
    await delay(pollMs);
  }
}

async function readyPid(socketPath: string): Promise<number | undefined> {
  const client = new Client('http://balancer', { socketPath, headersTimeout: 1000, bodyTimeout: 1000 });
  try {
    const answer = await client.request({ method: 'GET', path: '/ready' });
    const body: unknown = await answer.body.json();
    return answer.statusCode === 200 ? (body as { pid?: number }).pid : undefined;
  } catch {
    return undefined;
  } finally {
    await client.destroy();
  }
}

/** The balancer that was to replace the running one did not come up. The running one was left as it was. */
export class BalancerNotReady extends Error {
  override readonly name = 'BalancerNotReady';
  readonly code = 'balancer-not-ready';
  constructor(why: string) {
    super(`the new balancer did not take over: ${why}; see balancer/balancer.log in the state directory`);
  }
}
