import type { Selectable } from 'kysely';
import type { Schema } from './schema.ts';

/** A row as it is read. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;
