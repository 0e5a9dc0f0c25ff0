import { afterEach, describe, expect, it } from 'vitest';
import { type BalancerHere, startBalancerHere } from '../../../test/support/embedded-balancer.ts';
import { RawVisitor } from '../../../test/support/raw-exchange.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';

const ask = 'GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n';

let here: BalancerHere;
let visitors: RawVisitor[] = [];

afterEach(async () => {
  for (const visitor of visitors) visitor.close();
  visitors = [];
  await here.close();
});

async function visitorThatAsked(): Promise<RawVisitor> {
  const visitor = await RawVisitor.connect(here.port);
  visitors.push(visitor);
  visitor.send(ask);
  await waitUntil('it is answered', () => visitor.statuses.length === 1);
  return visitor;
}

describe('an idle connection of a process that retires', () => {
  it('stays for the time that its visitor was told, even past the deadline, and is closed then', async () => {
    here = await startBalancerHere({ visitorIdleMs: 1000, drainTimeoutMs: 0, requestTimeoutMs: 60_000 });
    const visitor = await visitorThatAsked();
    const usedAt = performance.now();
    const retired = here.retire();
    await waitUntil('it is closed', () => visitor.ended);
    expect(performance.now() - usedAt).toBeGreaterThan(950);
    await retired;
  });

  it('is closed at the deadline when its time has passed by then', async () => {
    here = await startBalancerHere({ visitorIdleMs: 200, drainTimeoutMs: 1000, requestTimeoutMs: 60_000 });
    const visitor = await visitorThatAsked();
    const retiredAt = performance.now();
    await here.retire();
    await waitUntil('it is closed', () => visitor.ended);
    expect(performance.now() - retiredAt).toBeGreaterThan(950);
  });
});
