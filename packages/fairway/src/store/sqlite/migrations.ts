/**
 * What brings a database from version n to n + 1, n being the index. Each runs in a transaction of its own together
 * with the new `user_version`. One that was released is never edited: a change of the schema is another entry.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE rollouts (
    id TEXT PRIMARY KEY,
    app TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    commit_id TEXT,
    release TEXT,
    requested_by TEXT NOT NULL,
    why TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT,
    UNIQUE (app, number)
  ) STRICT;
  CREATE INDEX rollouts_unfinished ON rollouts (app) WHERE finished_at IS NULL;

  CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    app TEXT NOT NULL,
    rollout TEXT NOT NULL REFERENCES rollouts (id),
    event_json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX journal_rollout ON journal (rollout, sequence);

  CREATE TABLE leases (
    app TEXT PRIMARY KEY,
    holder TEXT,
    fence INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE releases (
    order_number INTEGER PRIMARY KEY AUTOINCREMENT,
    app TEXT NOT NULL,
    id TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    author TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    built_at INTEGER NOT NULL,
    build_key TEXT NOT NULL,
    launch_json TEXT NOT NULL,
    UNIQUE (app, id)
  ) STRICT;
  CREATE INDEX releases_commit ON releases (app, commit_id, build_key);

  CREATE TABLE standings (
    order_number INTEGER PRIMARY KEY AUTOINCREMENT,
    app TEXT NOT NULL,
    release TEXT NOT NULL,
    config TEXT NOT NULL,
    rollout TEXT NOT NULL,
    since INTEGER NOT NULL,
    UNIQUE (app, rollout)
  ) STRICT;

  CREATE TABLE pins (digest TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;

  CREATE TABLE ports (
    app TEXT NOT NULL,
    instance TEXT NOT NULL,
    slot TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    PRIMARY KEY (app, instance, slot, host),
    UNIQUE (host, port)
  ) STRICT;

  CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL
  ) STRICT;

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    secret_sha256 TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
  ) STRICT;
  `,
];
