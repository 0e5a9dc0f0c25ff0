import type { Context, MiddlewareHandler } from 'hono';
import { printable } from '../rollout/printable.ts';
import type { Role, Store } from '../store/store.ts';
import type { Access } from './api/routes/parts.ts';
import type { RequestEnv } from './context.ts';
import { RequestRefused } from './problems.ts';

const RANK: Readonly<Record<Role, number>> = { viewer: 1, deployer: 2, admin: 3 };
const LONGEST_ACTOR = 100;

/** Lets in who has a token of at least this role. A known person who may not is audited; strangers are only logged. */
export function requireRole(needed: Access, store: Store): MiddlewareHandler<RequestEnv> {
  return async (context, next) => {
    if (needed !== 'anyone') {
      const token = findToken(context, store);
      context.set('token', token);
      context.set('by', caller(token.name, context.req.header('x-fairway-actor')));
      demandRole(context, store, needed);
    }
    await next();
  };
}

/** Throws, and audits, unless the caller's role is at least `needed`. */
export function demandRole(context: Context<RequestEnv>, store: Store, needed: Role): void {
  const { role } = context.get('token');
  if (RANK[role] >= RANK[needed]) return;
  const { method, path } = context.req;
  store.audit({
    by: context.get('by'),
    action: 'denied',
    subject: printable(`${method} ${path}`).slice(0, 300),
    why: `role ${role}, needs ${needed}`,
  });
  throw new RequestRefused(403, `A ${role} may not do this; it takes a token of role ${needed}`, {
    code: 'forbidden',
    hint: 'Ask an admin for such a token.',
  });
}

function findToken(context: Context<RequestEnv>, store: Store) {
  const header = context.req.header('authorization');
  const secret = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  const token = secret === undefined ? undefined : store.findToken(secret);
  if (token) return token;
  context.header('WWW-Authenticate', 'Bearer realm="fairway"');
  const message =
    header === undefined
      ? 'A token is needed: send it as "Authorization: Bearer fwy_…"'
      : 'The token is not known: it was removed, or belongs to another server';
  throw new RequestRefused(401, message, {
    code: 'unauthorized',
    hint: 'On the machine of the server `fairway` finds a token by itself; elsewhere set FAIRWAY_TOKEN.',
  });
}

function caller(tokenName: string, actor: string | undefined): string {
  const named = printable(actor?.trim() ?? '').slice(0, LONGEST_ACTOR);
  return named === '' ? tokenName : `${named} (token ${tokenName})`;
}
