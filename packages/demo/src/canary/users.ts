import { Agent, type IncomingMessage, request } from 'node:http';
import type { Target } from '../load/request.ts';

/** One request of a user. Times in ms on one monotonic clock (`performance.now()`). */
export interface Visit {
  readonly user: number;
  readonly isFirst: boolean;
  readonly startedAt: number;
  /** The release that answered, as the app's page names it. */
  readonly release?: string;
  /** What a user would complain of. */
  readonly failure?: string;
}

interface User {
  readonly id: number;
  /** As the balancer has set it; sent with each visit from then on. */
  cookie: string | undefined;
}

const TICK_MS = 10;
const RETURNING_PER_NEW = 2;
/** Users come back for a while, then no more. */
const REMEMBERED = 2_000;
/** The story ends by itself, whatever happens. */
const MOST_VISITS = 60_000;
const TIMEOUT_MS = 10_000;

/** Users of a site: each keeps the cookie it was given, and comes again and again. */
export class Users {
  readonly visits: Visit[] = [];
  readonly #target: Target;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #open = new Set<Promise<void>>();
  readonly #remembered: User[] = [];
  #timer: NodeJS.Timeout | undefined;
  #users = 0;
  #sent = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  /** 100 new users a second, and twice as many visits of earlier ones. */
  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  #tick(): void {
    if (this.#sent >= MOST_VISITS) return;
    const user: User = { id: this.#users, cookie: undefined };
    this.#users += 1;
    this.#visit(user, true);
    for (let visit = 0; visit < RETURNING_PER_NEW; visit += 1) {
      const again = this.#remembered[Math.floor(Math.random() * this.#remembered.length)];
      if (again) this.#visit(again, false);
    }
  }

  #visit(user: User, isFirst: boolean): void {
    this.#sent += 1;
    const startedAt = performance.now();
    const visiting = this.#get(user).then((answer) => {
      this.visits.push({ user: user.id, isFirst, startedAt, ...answer });
      this.#open.delete(visiting);
      if (!isFirst) return;
      this.#remembered.push(user);
      if (this.#remembered.length > REMEMBERED) this.#remembered.shift();
    });
    this.#open.add(visiting);
  }

  /** Never rejects. */
  #get(user: User): Promise<Pick<Visit, 'release' | 'failure'>> {
    const { host, port, hostname } = this.#target;
    const headers = { host: hostname, ...(user.cookie !== undefined && { cookie: user.cookie }) };
    return new Promise((resolve) => {
      const outgoing = request({ host, port, path: '/', agent: this.#agent, headers, timeout: TIMEOUT_MS });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      outgoing.on('error', (error) => resolve({ failure: error.message }));
      outgoing.on('response', (answer) => void read(answer, user).then(resolve));
      outgoing.end();
    });
  }
}

async function read(answer: IncomingMessage, user: User): Promise<Pick<Visit, 'release' | 'failure'>> {
  const [given] = answer.headers['set-cookie'] ?? [];
  if (given !== undefined) user.cookie = given.split(';')[0]!;
  try {
    let body = '';
    for await (const part of answer) body += String(part);
    const release = / from ([0-9a-f]{12})/.exec(body)?.[1];
    if (answer.statusCode === 200 && release !== undefined) return { release };
    return { failure: `status ${answer.statusCode}` };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}
