import { relative, resolve } from 'node:path';
import type { LaunchPlan, Release } from '../../build/release.ts';
import type { Store } from '../store.ts';
import { type Database, sql } from './database.ts';
import type { Row } from './rows.ts';

type Part = Pick<
  Store,
  | 'addRelease'
  | 'findRelease'
  | 'release'
  | 'releases'
  | 'removeRelease'
  | 'apps'
  | 'standings'
  | 'recordStanding'
  | 'clearStandings'
  | 'pin'
  | 'pinned'
>;

/**
 * Releases, which of them stood, and the configurations that were pinned with them. Artifacts are kept relative to the
 * state directory, so that it can be moved, and so that a copy of it does not tidy away the original's.
 */
export function releaseTables(database: Database, stateDirectory: string): Part {
  const fromRelease = (release: Release) => rowOf(release, relativeIn(stateDirectory, release.file));
  const toRelease = (row: Row<'releases'>) => releaseOf(row, resolve(stateDirectory, row.file));
  const newestFirst = sql.selectFrom('releases').selectAll().orderBy('order_number', 'desc');

  return {
    addRelease: (release) => {
      const row = fromRelease(release);
      database.run(
        sql
          .insertInto('releases')
          .values(row)
          .onConflict((conflict) => conflict.columns(['app', 'id']).doUpdateSet(row)),
      );
    },

    findRelease: (app, commit, buildKey) => {
      const row = database.first(
        newestFirst
          .where('app', '=', app)
          .where('commit_id', '=', commit)
          .where('build_key', '=', buildKey)
          .limit(1),
      );
      return row && toRelease(row);
    },

    release: (app, id) => {
      const row = database.first(newestFirst.where('app', '=', app).where('id', '=', id));
      return row && toRelease(row);
    },

    releases: (app) => database.all(newestFirst.where('app', '=', app)).map(toRelease),

    removeRelease: (app, id) => {
      database.run(sql.deleteFrom('releases').where('app', '=', app).where('id', '=', id));
    },

    apps: () =>
      database.all(sql.selectFrom('standings').select('app').distinct().orderBy('app')).map((row) => row.app),

    standings: (app) =>
      database.all(
        sql
          .selectFrom('standings')
          .select(['release', 'config', 'rollout', 'since'])
          .where('app', '=', app)
          .orderBy('order_number', 'desc'),
      ),

    // Said twice for the same rollout when the controller died in between: the first one counts.
    recordStanding: (app, { release, config, rollout, since }) => {
      database.run(
        sql
          .insertInto('standings')
          .values({ app, release, config, rollout, since })
          .onConflict((conflict) => conflict.columns(['app', 'rollout']).doNothing()),
      );
    },

    clearStandings: (app) => {
      database.run(sql.deleteFrom('standings').where('app', '=', app));
    },

    pin: (digest, json) => {
      database.run(
        sql
          .insertInto('pins')
          .values({ digest, json })
          .onConflict((conflict) => conflict.column('digest').doNothing()),
      );
    },

    pinned: (digest) =>
      database.first(sql.selectFrom('pins').select('json').where('digest', '=', digest))?.json,
  };
}

function rowOf(release: Release, file: string): Omit<Row<'releases'>, 'order_number'> {
  return {
    app: release.app,
    id: release.id,
    commit_id: release.commit,
    subject: release.subject,
    author: release.author,
    sha256: release.sha256,
    file,
    size_bytes: release.sizeBytes,
    built_at: release.builtAt,
    build_key: release.buildKey,
    launch_json: JSON.stringify(release.launch),
  };
}

function releaseOf(row: Row<'releases'>, file: string): Release {
  return {
    app: row.app,
    id: row.id,
    commit: row.commit_id,
    subject: row.subject,
    author: row.author,
    sha256: row.sha256,
    file,
    sizeBytes: row.size_bytes,
    builtAt: row.built_at,
    buildKey: row.build_key,
    launch: JSON.parse(row.launch_json) as LaunchPlan,
  };
}

/** What lies elsewhere stays absolute. */
function relativeIn(folder: string, file: string): string {
  const inside = relative(folder, file);
  return inside.startsWith('../') ? file : inside;
}
