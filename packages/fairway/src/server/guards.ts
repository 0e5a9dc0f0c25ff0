import { randomBytes } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { Logger } from 'pino';
import type { RequestEnv } from './context.ts';
import { RequestRefused } from './problems.ts';

/** Gives each request an id that is in its answer and in the log, and logs how it went. Queries and bodies are not logged. */
export function logged(log: Logger): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    const requestId = randomBytes(8).toString('hex');
    context.set('requestId', requestId);
    const begin = performance.now();
    await next();
    context.header('X-Request-Id', requestId);
    const { method, path } = context.req;
    const ms = Math.round(performance.now() - begin);
    log.info({ requestId, method, path, status: context.res.status, ms, by: context.get('by') }, 'request');
  };
}

/** A browser that shows an answer runs nothing from it, frames it nowhere and keeps no copy. */
export const closedToBrowsers: readonly MiddlewareHandler[] = [
  secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    xFrameOptions: 'DENY',
    // TLS ends in front of the server, where this header has to be set as well.
    strictTransportSecurity: false,
  }),
  async (context, next) => {
    await next();
    if (!context.res.headers.has('cache-control')) context.header('Cache-Control', 'no-store');
  },
];

/**
 * Refuses requests for other names than the server's own. A page from elsewhere can let its own name point to
 * 127.0.0.1 and so talk to local servers (DNS rebinding); the Host header still tells.
 */
export function onlyHosts(names: ReadonlySet<string>): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (!names.has(name)) {
      throw new RequestRefused(
        403,
        `This server is not ${host === '' ? 'known without a Host header' : host}`,
        {
          code: 'unknown-host',
          hint: `Use ${[...names].join(' or ')}, or let it listen on another address with control.listen.`,
        },
      );
    }
    await next();
  };
}
