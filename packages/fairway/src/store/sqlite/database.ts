import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Compilable,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import Libsql from 'libsql';
import { migrations } from './migrations.ts';
import type { Schema } from './schema.ts';
import { damaged, explain, StoreUnusable } from './unusable.ts';

/**
 * Builds the SQL and checks it against {@link Schema}; it never runs any. Kysely's own driver is asynchronous, which
 * would let other work in between two statements of a transaction, so {@link Database} runs what it compiled.
 */
export const sql = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** One connection to a SQLite file at the newest version of the schema. Everything is synchronous. */
export class Database {
  readonly #file: string;
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement>();
  #isInTransaction = false;

  /** Creates the file (0600) if there is none. Throws {@link StoreUnusable}. */
  constructor(file: string, steps: readonly string[] = migrations) {
    this.#file = file;
    this.#connection = this.#explained(() => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // SQLite gives its WAL the same mode as the file.
      closeSync(openSync(file, 'a', 0o600));
      return new Libsql(file, { timeout: 5000 });
    });
    try {
      this.#explained(() => {
        this.#configure();
        this.#migrate(steps);
      });
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  all<Row>(query: Compilable<Row>): Row[] {
    return this.#explained(() => {
      const { sql, parameters } = query.compile();
      return this.#prepared(sql).all(parameters) as Row[];
    });
  }

  first<Row>(query: Compilable<Row>): Row | undefined {
    return this.all(query)[0];
  }

  /** Answers how many rows were changed. */
  run(query: Compilable): number {
    return this.#explained(() => {
      const { sql, parameters } = query.compile();
      return this.#prepared(sql).run(parameters).changes;
    });
  }

  /**
   * All or nothing. It takes the write lock at once, so what it reads cannot change before it writes. Within another one
   * it is a part of that.
   */
  transaction<Result>(work: () => Result): Result {
    if (this.#isInTransaction) return work();
    this.#isInTransaction = true;
    try {
      return this.#explained(() => this.#whole(work));
    } finally {
      this.#isInTransaction = false;
    }
  }

  /** Not libsql's own wrapper: on a full disk SQLite rolls back by itself, and the wrapper then hides why. */
  #whole<Result>(work: () => Result): Result {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #configure(): void {
    this.#connection.pragma('journal_mode = WAL');
    // FULL: a commit survives a power cut. With less, a lease's fence could fall back behind the one that the hosts
    // have seen, and they would refuse every change from then on.
    this.#connection.pragma('synchronous = FULL');
    this.#connection.pragma('foreign_keys = ON');
    const [check] = this.#connection.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
    if (check?.quick_check !== 'ok')
      throw damaged(this.#file, check?.quick_check ?? 'its check did not answer');
  }

  #migrate(steps: readonly string[]): void {
    const version = this.#version();
    if (version > steps.length) {
      throw new StoreUnusable(
        'state-too-new',
        `${this.#file} was written by a newer Fairway: its schema has version ${version}, this program knows ${steps.length}`,
        'Install that version of Fairway again, or put a backup from before the update in its place.',
      );
    }
    if (version === 0 && this.#hasTables()) {
      throw new StoreUnusable(
        'state-foreign',
        `${this.#file} is a database of another program`,
        'Name another state directory with --state.',
      );
    }
    for (let next = version; next < steps.length; next++) {
      this.transaction(() => {
        // Another process may have been faster: the version is read again under the write lock.
        if (this.#version() !== next) return;
        this.#connection.exec(steps[next]!);
        this.#connection.pragma(`user_version = ${next + 1}`);
      });
    }
  }

  #prepared(text: string): Libsql.Statement {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#connection.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  #version(): number {
    const [row] = this.#connection.prepare('PRAGMA user_version').all() as { user_version: number }[];
    return row?.user_version ?? 0;
  }

  #hasTables(): boolean {
    return (
      this.#connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' LIMIT 1").all().length > 0
    );
  }

  #explained<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw explain(this.#file, error);
    }
  }
}
