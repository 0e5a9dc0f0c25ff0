import type { RolloutEvent } from '../../rollout/events.ts';
import type { JournalEntry, RolloutRecord, RolloutStatus, Store } from '../store.ts';
import { type Database, sql } from './database.ts';
import type { Row } from './rows.ts';

type Part = Pick<
  Store,
  | 'createRollout'
  | 'rollouts'
  | 'rollout'
  | 'setStatus'
  | 'append'
  | 'journal'
  | 'journalSince'
  | 'lastSequence'
>;

const finished: ReadonlySet<RolloutStatus> = new Set(['succeeded', 'taken-back', 'failed', 'superseded']);

/** Rollouts and their journal. */
export function rolloutTables(database: Database, now: () => number, checkFence: Store['checkFence']): Part {
  const entries = sql.selectFrom('journal').selectAll().orderBy('sequence');

  return {
    createRollout: (request) =>
      database.transaction(() => {
        const last = database.first(
          sql
            .selectFrom('rollouts')
            .select((column) => column.fn.max('number').as('number'))
            .where('app', '=', request.app),
        );
        const number = (last?.number ?? 0) + 1;
        const row: Row<'rollouts'> = {
          id: `${request.app}-${number}`,
          app: request.app,
          number,
          kind: request.kind,
          status: 'queued',
          commit_id: request.commit ?? null,
          release: request.release ?? null,
          requested_by: request.by,
          why: request.why,
          requested_at: request.requestedAt,
          finished_at: null,
          outcome: null,
        };
        database.run(sql.insertInto('rollouts').values(row));
        return toRollout(row);
      }),

    rollouts: ({ app, unfinished, limit }) => {
      let query = sql.selectFrom('rollouts').selectAll();
      query = app === undefined ? query.orderBy('requested_at', 'desc') : query.where('app', '=', app);
      query = query.orderBy('number', 'desc');
      if (unfinished) query = query.where('finished_at', 'is', null);
      if (limit !== undefined) query = query.limit(limit);
      return database.all(query).map(toRollout);
    },

    rollout: (id) => {
      const row = database.first(sql.selectFrom('rollouts').selectAll().where('id', '=', id));
      return row && toRollout(row);
    },

    setStatus: (id, status, outcome) => {
      const change = {
        status,
        finished_at: finished.has(status) ? now() : null,
        ...(outcome === undefined ? {} : { outcome }),
      };
      const changed = database.run(sql.updateTable('rollouts').set(change).where('id', '=', id));
      if (changed === 0) throw new Error(`setStatus: there is no rollout ${id}`);
    },

    append: (app, rollout, events, fence) =>
      database.transaction(() => {
        if (fence !== undefined) checkFence(app, fence);
        return events.map((event): JournalEntry => {
          const at = now();
          const [inserted] = database.all(
            sql
              .insertInto('journal')
              .values({ at, app, rollout, event_json: JSON.stringify(event) })
              .returning('sequence'),
          );
          return { sequence: inserted!.sequence, at, app, rollout, event };
        });
      }),

    journal: (rollout) => database.all(entries.where('rollout', '=', rollout)).map(toEntry),

    journalSince: (sequence, limit) =>
      database.all(entries.where('sequence', '>', sequence).limit(limit)).map(toEntry),

    lastSequence: () => {
      const last = database.first(
        sql.selectFrom('journal').select((column) => column.fn.max('sequence').as('sequence')),
      );
      return last?.sequence ?? 0;
    },
  };
}

function toRollout(row: Row<'rollouts'>): RolloutRecord {
  return {
    id: row.id,
    app: row.app,
    kind: row.kind,
    status: row.status,
    by: row.requested_by,
    why: row.why,
    requestedAt: row.requested_at,
    ...(row.commit_id === null ? {} : { commit: row.commit_id }),
    ...(row.release === null ? {} : { release: row.release }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
  };
}

function toEntry(row: Row<'journal'>): JournalEntry {
  const event = JSON.parse(row.event_json) as RolloutEvent;
  return { sequence: row.sequence, at: row.at, app: row.app, rollout: row.rollout, event };
}
