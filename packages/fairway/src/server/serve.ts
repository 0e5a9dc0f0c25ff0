import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import type { ListenAddress } from '../config/production.ts';
import type { Controller } from '../runner/controller.ts';
import type { Store } from '../store/store.ts';
import { isLoopback, loopbackNames, urlOf } from './addresses.ts';
import { alertKeyIn } from './alert-key.ts';
import { buildApp } from './app.ts';
import { closerOf } from './graceful-close.ts';
import { listen } from './listen.ts';
import { type MetricsSource, startMetrics } from './metrics.ts';
import { announce } from './server-file.ts';

export interface ServerOptions {
  readonly controller: Controller;
  readonly store: Store;
  /** Where request figures come from: the balancer. */
  readonly metrics: MetricsSource;
  /** As configured. An address that is not loopback is for networks that are trusted, or behind TLS. */
  readonly listen: ListenAddress;
  readonly stateDirectory: string;
  readonly log: Logger;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no new requests, ends the streams, lets the rest finish for a while. */
  close(): Promise<void>;
}

/** Starts the HTTP API and says in `server.json` where it is. Throws CannotListen (`listen.ts`). */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { controller, store, stateDirectory, log } = options;
  const loopback = isLoopback(options.listen.address);
  const closing = new AbortController();
  const metrics = startMetrics({ controller, store, source: options.metrics, log, signal: closing.signal });
  const alertKey = alertKeyIn(stateDirectory);
  const parts = { controller, store, log, alertKey, metrics, closing: closing.signal };
  const app = buildApp(parts, loopback ? loopbackNames(options.listen.address) : undefined);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;

  const end = closerOf(server);

  let url: string;
  try {
    const port = await listen(server, options.listen, stateDirectory);
    url = urlOf({ address: options.listen.address, port });
  } catch (error) {
    closing.abort();
    throw error;
  }
  const conceal = announce(store, stateDirectory, url);
  log.info({ url }, 'the API listens');
  if (!loopback) {
    log.warn(
      { address: options.listen.address },
      'the API can be reached from other machines, and tokens travel in clear text: put TLS in front of it',
    );
  }

  let closed: Promise<void> | undefined;
  return {
    url,
    close: () => {
      if (closed) return closed;
      conceal();
      closing.abort();
      closed = end();
      return closed;
    },
  };
}
