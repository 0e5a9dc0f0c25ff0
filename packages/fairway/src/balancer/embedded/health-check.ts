import { request } from 'node:http';
import type { PoolDefinition } from '../balancer.ts';
import { describeConnectionFailure } from './failure.ts';

/** `kind` tells two failures apart, whatever time they took; `text` is for people. */
export type HealthResult =
  | { readonly passed: true }
  | { readonly passed: false; readonly kind: string; readonly text: string };

/** Asks an instance once, over a connection of its own: a kept one would hide that no new one can be opened. */
export function checkHealth(
  { host, port }: { host: string; port: number },
  { path, timeoutMs, status, headers }: PoolDefinition['health'],
): Promise<HealthResult> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const settle = (result: HealthResult) => {
      clearTimeout(timer);
      resolve(result);
    };
    const check = request({
      host,
      port,
      path,
      agent: false,
      headers: { 'user-agent': 'fairway-health-check', ...headers, connection: 'close' },
    });
    const timer = setTimeout(() => {
      settle({ passed: false, kind: 'late', text: `no answer in ${timeoutMs} ms` });
      check.destroy();
    }, timeoutMs);
    check.on('response', (answer) => {
      const code = answer.statusCode!;
      answer.on('error', () => {}).resume();
      if (code >= status.from && code <= status.to) settle({ passed: true });
      else {
        const tookMs = Math.round(performance.now() - startedAt);
        settle({ passed: false, kind: String(code), text: `${code} after ${tookMs} ms` });
      }
      // The status has told everything; a body without end must not keep the connection.
      check.destroy();
    });
    check.on('error', (error) => {
      const text = describeConnectionFailure(error);
      settle({ passed: false, kind: text, text });
    });
    check.end();
  });
}
