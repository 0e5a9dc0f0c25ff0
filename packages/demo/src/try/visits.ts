import type { RequestKind } from '../load/request.ts';

const LOOKS = 20;

/**
 * GETs of one path, with and without keep-alive, held to what the app answered before anything was changed. An app that
 * answers 404 or a redirect there is none of Fairway's business; another answer than before is.
 */
export async function steadyVisits(balancer: URL, path: string): Promise<readonly RequestKind[]> {
  const usual = new Set<number>();
  for (let look = 0; look < LOOKS; look += 1) {
    const answer = await fetch(new URL(path, balancer), { redirect: 'manual' });
    await answer.arrayBuffer();
    usual.add(answer.status);
  }
  console.log(`\nVisitors ask for ${path}; the app answers ${[...usual].join(', ')}`);
  return [true, false].map((keepAlive) => ({
    name: `GET ${keepAlive ? 'keep-alive' : 'close'}`,
    method: 'GET',
    path,
    keepAlive,
    ownTimeMs: 0,
    check: (status, body) => (usual.has(status) ? undefined : `status ${status}: ${body.slice(0, 80)}`),
  }));
}
