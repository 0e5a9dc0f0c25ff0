import type { PoolDefinition } from '../../src/balancer/balancer.ts';

type Changes = { readonly [Key in keyof PoolDefinition]?: Partial<PoolDefinition[Key]> };

/** A pool with quick checks and ample limits; `changes` say what a test is about. */
export function poolDefinition(app: string, changes: Changes = {}): PoolDefinition {
  return {
    app,
    route: {
      hosts: [`${app}.test`],
      paths: ['/'],
      maxBodyBytes: 1_000_000,
      maxHeaderBytes: 16_384,
      ...changes.route,
    },
    health: {
      path: '/health',
      intervalMs: 100,
      timeoutMs: 1000,
      rise: 1,
      fall: 2,
      status: { from: 200, to: 299 },
      headers: {},
      ...changes.health,
    },
    algorithm: (changes.algorithm as PoolDefinition['algorithm'] | undefined) ?? 'least-connections',
    timeouts: { connectMs: 1000, idleMs: 10_000, firstByteMs: 10_000, ...changes.timeouts },
  };
}
