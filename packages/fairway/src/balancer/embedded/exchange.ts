import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, errors } from 'undici';
import { bodyStalled, bodyTooLarge, type Rejection } from './admission.ts';
import { answerHead } from './answer-headers.ts';
import type { Connection } from './connections.ts';
import { classifyFailure, type Failure } from './failure.ts';
import type { LivePool } from './live-pool.ts';
import type { LiveServer, UnderWay } from './live-server.ts';
import { answerPlainly } from './plain-answer.ts';
import { type BodyKind, BodyStalled, bodyKind, collectBody, StreamedBody } from './request-body.ts';
import { bucketCookie } from './share.ts';
import { StallWatch } from './stall-watch.ts';

/** What a request needs from the process around it. */
export interface Surroundings {
  /** A connection to this server could not be opened. */
  unreachable(server: LiveServer, error: Error): void;
  /** A server broke off or was late. */
  suspect(server: LiveServer): void;
  /** Whether visitors' connections shall end with their next answer. */
  readonly retiring: boolean;
}

export interface Passage {
  readonly pool: LivePool;
  readonly path: string;
  /** Flat, ready for an instance. */
  readonly headers: string[];
  readonly wantsCanary: boolean;
  /** Told to a new user with the answer. */
  readonly newBucket: number | undefined;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** An answer up to this size leaves as one string together with its head: one write instead of two, and no copy. */
const ONE_WRITE_BYTES = 16_384;
const UNREACHABLE: Rejection = { status: 503, text: 'no instance can be reached' };
const NONE_SERVING: Rejection = { status: 503, text: 'no instance is serving' };
const OUT_OF_RESOURCES: Rejection = { status: 503, text: 'overloaded' };
const TAKEN_OUT: Rejection = { status: 503, text: 'the instance was taken out of service' };
const LATE: Rejection = { status: 504, text: 'the instance did not answer in time' };
const BROKEN: Rejection = { status: 502, text: 'the instance broke off' };
const MALFORMED: Rejection = { status: 400, text: 'malformed request' };

const REJECTIONS: Record<Failure, Rejection> = {
  unreachable: UNREACHABLE,
  exhausted: OUT_OF_RESOURCES,
  'stale-connection': BROKEN,
  late: LATE,
  broken: BROKEN,
  malformed: MALFORMED,
  'body-too-large': bodyTooLarge,
  'body-stalled': bodyStalled,
};

/** They say nothing about the server. */
const NOBODYS_FAULT = new Set<Failure>(['malformed', 'body-too-large', 'body-stalled', 'exhausted']);

/**
 * One request on its way through: to a server, to another one if the first cannot be reached, and the answer back.
 * It is itself the handler that undici calls, so that a request costs one object.
 */
export class Exchange implements UnderWay, Dispatcher.DispatchHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #passage: Passage;
  readonly #surroundings: Surroundings;
  readonly #bodyKind: BodyKind;
  #collected: Buffer | null = null;
  #streamed: StreamedBody | undefined;
  #watch: StallWatch | undefined;
  #server: LiveServer | undefined;
  #connection: Connection | undefined;
  #tried: LiveServer[] = [];
  /** Servers that failed this request before another one answered. */
  #failed: LiveServer[] | undefined;
  #attemptAt = 0;
  #reused = false;
  #abort: ((error?: Error) => void) | undefined;
  #status = 0;
  #latencyMs = 0;
  /** Bytes of the body still to come; negative when not announced. */
  #remaining = -1;
  #bodyBegun = false;
  #keepAlive = false;
  #ended = false;
  #done = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    passage: Passage,
    surroundings: Surroundings,
  ) {
    this.#request = request;
    this.#response = response;
    this.#passage = passage;
    this.#surroundings = surroundings;
    this.#bodyKind = bodyKind(request);
  }

  start(): void {
    this.#response.once('close', () => this.#visitorGone());
    // The limits are checked by now; waiting for an instance's word would tie one up for nothing more.
    if (this.#bodyKind !== 'none' && this.#request.headers.expect !== undefined)
      this.#response.writeContinue();
    if (this.#bodyKind !== 'collected') {
      this.#attempt(false);
      return;
    }
    collectBody(this.#request, {
      idleMs: this.#passage.pool.definition.timeouts.idleMs,
      done: (body) => {
        this.#collected = body;
        if (!this.#done) this.#attempt(false);
      },
      onStall: () => {
        this.#done = true;
        this.#refuse(bodyStalled);
      },
    });
  }

  get openEnded(): boolean {
    return false;
  }

  /** Ends the request because its server's time is over. */
  cancel(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#status === 0) this.#refuse(TAKEN_OUT);
    else this.#response.destroy();
    this.#letGo();
  }

  #attempt(fresh: boolean): void {
    const { pool, wantsCanary, path, headers } = this.#passage;
    const server = pool.pick(wantsCanary && !this.#isLostOnCanary, this.#tried);
    if (!server) {
      this.#done = true;
      this.#refuse(this.#tried.length > 0 ? UNREACHABLE : NONE_SERVING);
      return;
    }
    this.#server = server;
    this.#connection = fresh ? server.connections.fresh() : server.connections.take(this.#isRepeatable);
    this.#abort = undefined;
    this.#attemptAt = performance.now();
    server.begin(this);
    const method = this.#request.method as Dispatcher.HttpMethod;
    const { client } = this.#connection;
    // `reset: false`: keep the connection also after HEAD and bodies of unusual methods.
    if (this.#bodyKind !== 'streamed') {
      client.dispatch({ path, method, headers, reset: false, body: this.#collected }, this);
      return;
    }
    // Undici's times are for the answer alone, and would run out under a body that is still on its way. Written out twice,
    // for V8 allocates spread options in the old space: a full collection every second, and its pauses.
    const body = this.#stream();
    client.dispatch({ path, method, headers, reset: false, body, headersTimeout: 0, bodyTimeout: 0 }, this);
  }

  #stream(): StreamedBody {
    const { timeouts, route } = this.#passage.pool.definition;
    this.#streamed?.destroy();
    this.#watch?.stop();
    const watch = new StallWatch(timeouts, (waitingFor) =>
      this.onError(waitingFor === 'visitor' ? new BodyStalled() : new errors.HeadersTimeoutError()),
    );
    this.#watch = watch;
    this.#streamed = new StreamedBody(this.#request, route.maxBodyBytes, (waitingFor) =>
      watch.moved(waitingFor),
    );
    return this.#streamed;
  }

  /** undici: the connection stands, the request is about to be written. */
  onConnect(abort: (error?: Error) => void): void {
    this.#reused = this.#connection!.used > 0;
    this.#connection!.used += 1;
    this.#abort = abort;
    if (this.#done) abort();
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (this.#done) return false;
    // 103 and its like are hints; whoever waits for an answer misses nothing without them.
    if (status < 200) return true;
    this.#latencyMs = performance.now() - this.#attemptAt;
    const { headers, contentLength, keepAlive } = answerHead(rawHeaders);
    this.#keepAlive = keepAlive;
    const { newBucket, pool } = this.#passage;
    if (newBucket !== undefined) headers.push('set-cookie', bucketCookie(pool.definition.app, newBucket));
    if (this.#surroundings.retiring) headers.push('connection', 'close');
    if (contentLength !== undefined) this.#remaining = contentLength;
    this.#resume = resume;
    this.#watch?.moved('either');
    // Throws at what may not be sent on, such as a control character: then there is still time for a 502.
    this.#response.writeHead(status, statusText, headers);
    this.#status = status;
    if (this.#failed) for (const server of this.#failed) server.tally.retried += 1;
    // Without an announced length the first bytes may be long in coming: the head must not wait for them.
    if (contentLength === undefined) process.nextTick(flushHead, this);
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#done) return false;
    this.#watch?.moved('either');
    const response = this.#response;
    if (this.#remaining === chunk.length) {
      this.#ended = true;
      if (chunk.length <= ONE_WRITE_BYTES) endInOneWrite(response, chunk.toString('latin1'));
      else response.end(chunk);
      return true;
    }
    if (this.#remaining > 0) this.#remaining -= chunk.length;
    this.#bodyBegun = true;
    return response.write(chunk) || this.#waitForVisitor();
  }

  flushHead(): void {
    // Not `flushHeaders`, which would write header values as UTF-8 instead of byte by byte.
    if (!this.#done && !this.#bodyBegun) this.#response.write('', 'latin1');
  }

  onComplete(rawTrailers: (Buffer | string)[] | null): void {
    if (this.#done) return;
    this.#done = true;
    this.#watch?.stop();
    this.#server!.tally.answered(this.#status, this.#latencyMs);
    this.#server!.connections.give(this.#connection!, this.#keepAlive);
    this.#server!.end(this);
    if (this.#ended) return;
    if (rawTrailers && rawTrailers.length > 0 && this.#remaining < 0) {
      const { headers } = answerHead(rawTrailers as Buffer[]);
      this.#response.addTrailers(pairs(headers));
    }
    this.#response.end();
  }

  onError(error: Error): void {
    if (this.#done) return;
    const server = this.#server!;
    if ((this.#status === 304 || this.#status === 204) && isLengthMismatch(error)) {
      // The length that a 304 announces is that of the document, not of its own body; undici takes it for a cut.
      // A 204 should announce none, but some do.
      this.onComplete(null);
      return;
    }
    if (this.#status !== 0) {
      // Half an answer is out: only a broken connection tells the visitor that the rest is missing.
      server.tally.failures += 1;
      this.#done = true;
      this.#response.destroy();
      this.#surroundings.suspect(server);
      this.#letGo();
      return;
    }
    const failure = classifyFailure(error, { sent: this.#abort !== undefined, reused: this.#reused });
    this.#blame(failure, server, error);
    // A canary that dies takes nobody's request with it; once is enough, for it may have been the request that killed it.
    const isLostOnCanary = failure === 'broken' && server.record.side === 'canary' && this.#isRepeatable;
    if (isLostOnCanary) this.#isLostOnCanary = true;
    const again =
      failure === 'unreachable' || isLostOnCanary || (failure === 'stale-connection' && this.#isRepeatable);
    this.#done = !again;
    this.#letGo();
    if (again) this.#attempt(failure === 'stale-connection');
    else this.#refuse(REJECTIONS[failure]);
  }

  #blame(failure: Failure, server: LiveServer, error: Error): void {
    if (NOBODYS_FAULT.has(failure)) return;
    server.tally.failures += 1;
    this.#failed ??= [];
    this.#failed.push(server);
    if (failure === 'unreachable') {
      this.#tried.push(server);
      this.#surroundings.unreachable(server, error);
      return;
    }
    if (failure === 'stale-connection') server.connections.closedBySurprise();
    if (failure !== 'late') this.#surroundings.suspect(server);
  }

  /** Whether doing it twice is the same as doing it once, and the whole of it stays at hand. */
  get #isRepeatable(): boolean {
    return this.#bodyKind !== 'streamed' && IDEMPOTENT.has(this.#request.method!);
  }

  #isLostOnCanary = false;
  #resume: () => void = () => {};

  /** The visitor reads slower than the server writes: the server waits; but not for ever. */
  #waitForVisitor(): false {
    const { idleMs } = this.#passage.pool.definition.timeouts;
    const timer = idleMs > 0 ? setTimeout(() => this.#response.destroy(), idleMs) : undefined;
    const clear = () => clearTimeout(timer);
    this.#response.once('close', clear);
    this.#response.once('drain', () => {
      clear();
      this.#response.off('close', clear);
      this.#resume();
    });
    return false;
  }

  #visitorGone(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#status !== 0) this.#server!.tally.answered(this.#status, this.#latencyMs);
    this.#letGo();
  }

  /** Ends what goes on with the server, if anything does. */
  #letGo(): void {
    this.#abort?.();
    this.#watch?.stop();
    this.#streamed?.destroy();
    if (this.#connection) this.#server!.connections.discard(this.#connection);
    this.#server?.end(this);
    this.#connection = undefined;
    this.#server = undefined;
  }

  #refuse(rejection: Rejection): void {
    this.#passage.pool.countUnserved(rejection.status);
    answerPlainly(this.#request, this.#response, rejection);
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead();
}

/**
 * Head and body leave as one string: a third faster than `end(body)`, which adds an empty part at the end, and so makes
 * node gather parts for every answer.
 */
function endInOneWrite(response: ServerResponse, body: string): void {
  const { socket } = response;
  socket?.cork();
  response.write(body, 'latin1');
  socket?.uncork();
  response.end();
}

function isLengthMismatch(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2) result.push([flat[index]!, flat[index + 1]!]);
  return result;
}
