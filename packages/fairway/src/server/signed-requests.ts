import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { Role } from '../store/store.ts';
import type { RequestEnv, ServerParts } from './context.ts';
import { requireRole } from './door.ts';
import { RequestRefused } from './problems.ts';

const GOOD_FOR_S = 300;
const DEEPEST = 16;

/** Lets in who has signed the body with the server's key, each signature once; and anyone else with a token. */
export function signedOrWithToken(role: Role, parts: ServerParts): MiddlewareHandler<RequestEnv> {
  const withToken = requireRole(role, parts.store);
  const used = new UsedSignatures(nowS());
  return async (context, next) => {
    const header = context.req.header('x-fairway-signature');
    if (header === undefined) return withToken(context, next);
    const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header);
    if (!match) throw unsigned('The signature is not of the form t=SECONDS,v1=HEX');
    const [, time, signature] = match as unknown as [string, string, string];
    const expected = createHmac('sha256', parts.alertKey)
      .update(`${time}.${await context.req.text()}`)
      .digest();
    if (!timingSafeEqual(expected, Buffer.from(signature, 'hex')))
      throw unsigned('The signature does not fit the body: another key, or the body was changed on its way');
    if (!used.take(Number(time), signature))
      throw unsigned('The signature is too old, was used before, or is of before this server was started');
    context.set('by', 'signed webhook');
    await next();
  };
}

/** What was signed before the server began to remember cannot be told from a repetition. */
class UsedSignatures {
  readonly #from: number;
  readonly #used = new Map<string, number>();

  constructor(from: number) {
    this.#from = from;
  }

  take(time: number, signature: string): boolean {
    const now = nowS();
    for (const [known, at] of this.#used) if (at < now - GOOD_FOR_S) this.#used.delete(known);
    if (time < this.#from || Math.abs(now - time) > GOOD_FOR_S || this.#used.has(signature)) return false;
    this.#used.set(signature, time);
    return true;
  }
}

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

function unsigned(message: string): RequestRefused {
  return new RequestRefused(401, message, {
    code: 'bad-signature',
    hint: 'Sign SECONDS.BODY with HMAC-SHA256 and the key in alerts.key of the state directory, at the time of sending.',
  });
}

/** Counted in the text: a body that is nested without end must not even be read as JSON. */
export const refuseDeepNesting: MiddlewareHandler<RequestEnv> = async (context, next) => {
  if (deepest(await context.req.text()) > DEEPEST)
    throw new RequestRefused(400, `The body is nested deeper than ${DEEPEST} levels`, {
      code: 'nested-too-deep',
    });
  await next();
};

function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  let isInText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (isInText) {
      if (character === '\\') index += 1;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '{' || character === '[') most = Math.max(most, ++depth);
    else if (character === '}' || character === ']') depth -= 1;
  }
  return most;
}
