import type { PoolDefinition } from '../balancer/balancer.ts';
import type { App } from './production.ts';

/** What the balancer is told of an app. */
export function poolDefinition(app: App): PoolDefinition {
  const { health, route } = app;
  return {
    app: app.name,
    route: {
      hosts: route.hosts,
      paths: route.paths,
      maxBodyBytes: route.maxBodyBytes,
      maxHeaderBytes: route.maxHeaderBytes,
    },
    health: {
      path: health.path,
      intervalMs: health.intervalMs,
      timeoutMs: health.timeoutMs,
      rise: health.rise,
      fall: health.fall,
      status: health.status,
      headers: health.headers,
    },
    algorithm: route.algorithm,
    timeouts: {
      connectMs: route.connectTimeoutMs,
      idleMs: route.idleTimeoutMs,
      firstByteMs: route.firstByteTimeoutMs,
    },
  };
}
