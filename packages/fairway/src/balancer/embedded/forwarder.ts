import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ambiguity, overLimit, type Rejection } from './admission.ts';
import { Exchange, type Passage, type Surroundings } from './exchange.ts';
import type { LivePool } from './live-pool.ts';
import { answerPlainly } from './plain-answer.ts';
import { instanceHeaders } from './request-headers.ts';
import type { RouteTable } from './routes.ts';
import { isOnCanary, readBucket } from './share.ts';
import { readTarget } from './target.ts';
import { refuseRaw, Tunnel } from './tunnel.ts';

const MALFORMED: Rejection = { status: 400, text: 'malformed request target' };
const UNKNOWN: Rejection = { status: 404, text: 'nothing is served under this address' };

/** From a request to its way: which pool, which side, which headers. */
export class Forwarder {
  readonly #live: { readonly routes: RouteTable<LivePool> };
  readonly #surroundings: Surroundings;

  constructor(live: { readonly routes: RouteTable<LivePool> }, surroundings: Surroundings) {
    this.#live = live;
    this.#surroundings = surroundings;
  }

  forward(request: IncomingMessage, response: ServerResponse): void {
    const passage = this.#passage(request);
    if ('status' in passage) {
      answerPlainly(request, response, passage);
      return;
    }
    new Exchange(request, response, passage, this.#surroundings).start();
  }

  upgrade(request: IncomingMessage, visitor: Duplex, head: Buffer): void {
    const passage = this.#passage(request);
    if ('status' in passage) {
      refuseRaw(visitor, passage.status, passage.text);
      return;
    }
    new Tunnel(request, visitor, head, passage, this.#surroundings).start();
  }

  #passage(request: IncomingMessage): Passage | Rejection {
    const target = readTarget(request.url!, request.headers.host);
    if (!target) return MALFORMED;
    const ambiguous = ambiguity(request);
    if (ambiguous) return ambiguous;
    const pool = this.#live.routes.find(target.host, target.path);
    if (!pool) return UNKNOWN;
    const rejection = overLimit(request, pool.definition.route);
    if (rejection) {
      pool.countUnserved(rejection.status);
      return rejection;
    }
    const headers = instanceHeaders(request, target.host);
    const unsplit = { pool, path: target.path, headers, wantsCanary: false, newBucket: undefined };
    return pool.splits ? { ...unsplit, ...chooseSide(pool, request.headers.cookie) } : unsplit;
  }
}

function chooseSide(pool: LivePool, cookies: string | undefined): Pick<Passage, 'wantsCanary' | 'newBucket'> {
  const known = readBucket(cookies, pool.definition.app);
  const bucket = known ?? pool.newUsers.next();
  return { wantsCanary: isOnCanary(bucket, pool.share), newBucket: known === undefined ? bucket : undefined };
}
