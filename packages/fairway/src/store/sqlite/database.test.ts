import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { migrations } from './migrations.ts';
import { openSqliteStore } from './sqlite.ts';
import { StoreUnusable } from './unusable.ts';

describe('the database file', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fairway-database-'));
    file = join(directory, 'fairway.db');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const problem = (steps?: readonly string[]) => {
    try {
      new Database(file, steps).close();
    } catch (error) {
      if (error instanceof StoreUnusable) return { code: error.code, message: error.message };
      throw error;
    }
    return undefined;
  };
  const raw = <Result>(work: (database: Libsql.Database) => Result) => {
    const database = new Libsql(file);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };

  it('is brought from any older version to the newest, and what was in it stays', () => {
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'UPDATE a SET x = x + 10'];
    for (let version = 1; version <= steps.length; version++) {
      rmSync(file, { force: true });
      expect(problem(steps.slice(0, version))).toBeUndefined();
      expect(problem(steps)).toBeUndefined();
      expect(raw((database) => database.prepare('SELECT x FROM a').all())).toEqual([{ x: 11 }]);
    }
  });

  it('says that the disk is full, and keeps nothing of the transaction that met it', () => {
    const database = new Database(file, ['CREATE TABLE a (x)']);
    const sql = (text: string) => ({ compile: () => ({ sql: text, parameters: [] }) }) as never;
    const [{ page_count: pages }] = database.all<{ page_count: number }>(sql('PRAGMA page_count')) as [
      { page_count: number },
    ];
    database.all(sql(`PRAGMA max_page_count = ${pages}`));
    expect(() =>
      database.transaction(() => {
        database.run(sql('INSERT INTO a VALUES (1)'));
        database.run(sql('INSERT INTO a VALUES (zeroblob(100000))'));
      }),
    ).toThrow('database or disk is full');
    database.all(sql('PRAGMA max_page_count = 1000000'));
    database.transaction(() => database.run(sql('INSERT INTO a VALUES (2)')));
    expect(database.all(sql('SELECT x FROM a'))).toEqual([{ x: 2 }]);
    database.close();
  });

  it('keeps its version when a migration fails half-way', () => {
    expect(problem(['CREATE TABLE a (x)'])).toBeUndefined();
    expect(() => problem(['', 'CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)'])).toThrow('nowhere');
    const tables = raw((database) => database.prepare('SELECT name FROM sqlite_schema').all());
    expect(tables).toEqual([{ name: 'a' }]);
    expect(raw((database) => database.prepare('PRAGMA user_version').all())).toMatchObject([
      { user_version: 1 },
    ]);
  });

  it('of a newer version is refused and not touched', () => {
    openSqliteStore(file).close();
    raw((database) => database.pragma(`user_version = ${migrations.length + 1}`));
    const before = readFileSync(file);
    expect(problem()).toEqual({
      code: 'state-too-new',
      message: `${file} was written by a newer Fairway: its schema has version ${migrations.length + 1}, this program knows ${migrations.length}`,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('of another program is refused', () => {
    raw((database) => database.exec('CREATE TABLE theirs (x)'));
    expect(problem()).toEqual({
      code: 'state-foreign',
      message: `${file} is a database of another program`,
    });
  });

  it('that is no database is refused, and stays as it was', () => {
    writeFileSync(file, 'not a database, but long enough to look like a file of one. '.repeat(20));
    expect(problem()).toEqual({
      code: 'state-damaged',
      message: `${file} is damaged: file is not a database`,
    });
    expect(readFileSync(file, 'utf8')).toContain('not a database');
  });

  it('with a page of garbage in the middle is refused', () => {
    const store = openSqliteStore(file);
    for (let number = 0; number < 500; number++) store.pin(`digest ${number}`, 'x'.repeat(200));
    store.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8192);
    writeFileSync(file, bytes);
    expect(problem()?.code).toBe('state-damaged');
  });

  it('in a folder that cannot be made is refused with the reason', () => {
    writeFileSync(join(directory, 'taken'), '');
    file = join(directory, 'taken', 'fairway.db');
    expect(problem()).toMatchObject({
      code: 'state-unwritable',
      message: expect.stringContaining(`${file} cannot be written: EEXIST`),
    });
  });

  it('is for its owner only', () => {
    openSqliteStore(file).close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('finds the artifacts where the state directory was moved to, and those that lie elsewhere where they lie', () => {
    const before = join(directory, 'before', 'fairway.db');
    const store = openSqliteStore(before);
    const release = {
      app: 'shop',
      id: 'r1',
      commit: 'c1',
      subject: '',
      author: '',
      sha256: '',
      sizeBytes: 1,
    };
    const rest = { builtAt: 1, buildKey: 'k', launch: { command: ['node'], directory: '.', path: [] } };
    store.addRelease({ ...release, ...rest, file: join(directory, 'before', 'artifacts', 'r1.tar.gz') });
    store.addRelease({ ...release, ...rest, id: 'r2', file: '/elsewhere/r2.tar.gz' });
    expect(store.release('shop', 'r1')?.file).toBe(join(directory, 'before', 'artifacts', 'r1.tar.gz'));
    store.close();
    renameSync(join(directory, 'before'), join(directory, 'after'));
    const moved = openSqliteStore(join(directory, 'after', 'fairway.db'));
    const files = moved.releases('shop').map(({ file }) => file);
    moved.close();
    expect(files).toEqual(['/elsewhere/r2.tar.gz', join(directory, 'after', 'artifacts', 'r1.tar.gz')]);
  });

  it('does not keep the secret of a token', () => {
    const store = openSqliteStore(file);
    store.addToken({ name: 'ci', role: 'admin', secret: 'fwy_very-secret-text' });
    store.close();
    expect(readFileSync(file).includes('very-secret-text')).toBe(false);
  });
});
