import { z } from 'zod';
import { APP_NAME } from '../names.ts';
import { appSchema } from './app-schema.ts';
import { choice, text } from './leaf.ts';
import { listenAddress, portRange } from './values.ts';

/** A host's name, perhaps with a range. */
const HOST_KEY = /^[a-z][a-z0-9-]*(\[\d+-\d+\])?[a-z0-9-]*$/;

export const hostsSchema = z.record(
  z.string().regex(HOST_KEY, { error: 'a name of a-z, 0-9 and -, such as data1 or box[1-3]' }),
  z.strictObject({
    address: text('an IP address or a host name').describe(
      "IP address or name. The key's range needs one of the same length here: `box[1-3]` and `10.0.0.[21-23]`.",
    ),
  }),
);

/** `fairway.yml` as people write it: the one source of validation, of the JSON Schema and of the reference page. */
export const productionSchema = z.strictObject({
  name: text('a name of a-z, 0-9 and -, such as production', APP_NAME)
    .prefault('production')
    .describe('What this production is called where people see it.'),
  provider: choice(['local'])
    .prefault('local')
    .describe('Where instances run. `local`: all on this machine.'),
  control: z
    .strictObject({
      listen: listenAddress()
        .prefault('127.0.0.1:7480')
        .describe('Where the control server listens; a port alone is on 127.0.0.1, port 0 is any free one.'),
    })
    .prefault({})
    .describe('The control server.'),
  balancer: z
    .strictObject({
      type: choice(['embedded'])
        .prefault('embedded')
        .describe('`embedded`: the balancer that comes with Fairway.'),
      listen: listenAddress()
        .prefault('127.0.0.1:8080')
        .describe('Where visitors connect; a port alone is on 127.0.0.1, port 0 is any free one.'),
    })
    .prefault({})
    .describe('What spreads requests over the instances.'),
  ports: portRange()
    .prefault('20000-29999')
    .describe('Ports for instances: two for each, as the next release may start beside the present one.'),
  hosts: hostsSchema
    .prefault({})
    .describe('Machines by name, for `instances` and for references such as `${hosts.data1.address}`.'),
  apps: z
    .record(
      z.string().regex(APP_NAME, { error: 'a name of a-z, 0-9 and -, at most 31, a letter first' }),
      appSchema,
    )
    .describe('The apps, by name.'),
});

export type ProductionSection = z.output<typeof productionSchema>;
