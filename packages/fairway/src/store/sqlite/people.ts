import { createHash, randomBytes } from 'node:crypto';
import { type Store, TokenNameTaken, type TokenRecord } from '../store.ts';
import { type Database, sql } from './database.ts';
import type { Row } from './rows.ts';

type Part = Pick<Store, 'audit' | 'audits' | 'addToken' | 'findToken' | 'tokens' | 'removeToken'>;

/** A token's last use is kept to the minute: a write per request would cost more than it tells. */
const LAST_USE_PRECISION_MS = 60_000;

/** Who may do what, and who did what. */
export function peopleTables(database: Database, now: () => number): Part {
  return {
    audit: ({ by, action, subject, why }) => {
      database.run(sql.insertInto('audit').values({ at: now(), actor: by, action, subject, why }));
    },

    audits: ({ limit, before }) => {
      const query = sql
        .selectFrom('audit')
        .select(['sequence', 'at', 'actor as by', 'action', 'subject', 'why'])
        .orderBy('sequence', 'desc')
        .limit(limit);
      return database.all(before === undefined ? query : query.where('sequence', '<', before));
    },

    addToken: ({ name, role, secret }) =>
      database.transaction(() => {
        if (database.first(sql.selectFrom('tokens').select('id').where('name', '=', name))) {
          throw new TokenNameTaken(name);
        }
        const row: Row<'tokens'> = {
          id: randomBytes(6).toString('hex'),
          name,
          role,
          secret_sha256: digest(secret),
          created_at: now(),
          last_used_at: null,
        };
        database.run(sql.insertInto('tokens').values(row));
        return toToken(row);
      }),

    findToken: (secret) => {
      const row = database.first(
        sql.selectFrom('tokens').selectAll().where('secret_sha256', '=', digest(secret)),
      );
      if (!row) return undefined;
      const at = now();
      if (at - (row.last_used_at ?? 0) >= LAST_USE_PRECISION_MS) {
        database.run(sql.updateTable('tokens').set({ last_used_at: at }).where('id', '=', row.id));
        row.last_used_at = at;
      }
      return toToken(row);
    },

    tokens: () => database.all(sql.selectFrom('tokens').selectAll().orderBy('created_at')).map(toToken),

    removeToken: (id) => database.run(sql.deleteFrom('tokens').where('id', '=', id)) === 1,
  };
}

/** A secret has 256 random bits, so a plain digest cannot be searched; no slow password hash is needed. */
function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function toToken(row: Row<'tokens'>): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  };
}
