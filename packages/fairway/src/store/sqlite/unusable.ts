/** The database cannot be used as it is. Nothing was changed in it. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
  readonly code: 'state-damaged' | 'state-too-new' | 'state-foreign' | 'state-unwritable' | 'state-busy';
  readonly hint: string;
  constructor(code: StoreUnusable['code'], message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** Puts SQLite's failures that are no bug of ours into words; anything else stays as it is. */
export function explain(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return damaged(file, error.message, error);
  if (
    /^(SQLITE_(FULL|IOERR|READONLY|CANTOPEN|PERM)|E(ACCES|PERM|EXIST|NOTDIR|ROFS|NOSPC|DQUOT)$)/.test(code)
  ) {
    return new StoreUnusable(
      'state-unwritable',
      `${file} cannot be written: ${error.message}`,
      'Check the free space (df) and the permissions of the state directory, then start again.',
      error,
    );
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new StoreUnusable(
      'state-busy',
      `${file} is held by another program: ${error.message}`,
      'See who holds it with fuser -v FILE. Back it up with the .backup command of sqlite3, which does not hold it.',
      error,
    );
  }
  return error;
}

export function damaged(file: string, fact: string, cause?: unknown): StoreUnusable {
  return new StoreUnusable(
    'state-damaged',
    `${file} is damaged: ${fact}`,
    'Put a backup in its place, or move it away to begin with an empty one; what runs keeps running meanwhile.',
    cause,
  );
}
