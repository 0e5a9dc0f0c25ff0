import type { Store } from '../store.ts';
import { type Database, sql } from './database.ts';
import type { Row } from './rows.ts';

type Part = Pick<Store, 'portFor' | 'movePort' | 'releasePorts'>;
type Range = Parameters<Store['portFor']>[1];
type Slot = Omit<Row<'ports'>, 'port'>;

/** Every port of the range is given away or in use. */
export class NoFreePort extends Error {
  override readonly name = 'NoFreePort';
  readonly code = 'no-free-port';
  readonly hint = 'Widen `ports:` in fairway.yml.';
  constructor({ app, instance, slot, host }: Slot, range: Range, given: number, used: number) {
    super(
      `${app}/${instance}/${slot}: no port from ${range.from} to ${range.to} is free on ${host}: ` +
        `${given} belong to other instances, ${used} are used by other programs`,
    );
  }
}

/** Which slot has which port, until it is moved. No two slots of a host share one. */
export function portTable(database: Database): Part {
  const portOf = (slot: Slot): number | undefined =>
    database.first(
      sql
        .selectFrom('ports')
        .select('port')
        .where('app', '=', slot.app)
        .where('instance', '=', slot.instance)
        .where('slot', '=', slot.slot)
        .where('host', '=', slot.host),
    )?.port;

  const given = (host: string): ReadonlySet<number> =>
    new Set(
      database.all(sql.selectFrom('ports').select('port').where('host', '=', host)).map((row) => row.port),
    );

  // Two slots may be asked for at once, and `isFree` takes time: the unique index decides who has it.
  const take = (slot: Slot, port: number): boolean =>
    database.run(
      sql
        .insertInto('ports')
        .values({ ...slot, port })
        .onConflict((conflict) => conflict.doNothing()),
    ) === 1;

  const forget = ({ app, instance, slot, host }: Slot): number =>
    database.run(
      sql
        .deleteFrom('ports')
        .where('app', '=', app)
        .where('instance', '=', instance)
        .where('slot', '=', slot)
        .where('host', '=', host),
    );

  const table: Part = {
    portFor: async ({ app, instance, slot, host }, range, isFree) => {
      const place: Slot = { app, instance, slot, host };
      const known = portOf(place);
      if (known !== undefined) return known;
      let givenToOthers = 0;
      let usedByOthers = 0;
      for (const port of inTurn(range)) {
        if (given(host).has(port)) givenToOthers++;
        else if (!(await isFree(port))) usedByOthers++;
        else if (take(place, port)) return port;
        else givenToOthers++;
        const takenMeanwhile = portOf(place);
        if (takenMeanwhile !== undefined) return takenMeanwhile;
      }
      throw new NoFreePort(place, range, givenToOthers, usedByOthers);
    },

    movePort: (slot, range, isFree) => {
      forget(slot);
      return table.portFor(slot, range, isFree);
    },

    releasePorts: (app, instance) => {
      const query = sql.deleteFrom('ports').where('app', '=', app);
      database.run(instance === undefined ? query : query.where('instance', '=', instance));
    },
  };
  return table;
}

function* inTurn({ from, to, first = from }: Range): Generator<number> {
  for (let port = first; port <= to; port++) yield port;
  for (let port = from; port < first; port++) yield port;
}
