import { z } from 'zod';
import { APP_NAME } from '../names.ts';
import { appSchema } from './app-schema.ts';
import { balancerSchema } from './balancer-schema.ts';
import { choice, text } from './leaf.ts';
import { awsSchema, hostsSchema, labSchema, provisionSchema, sshSchema } from './machine-schema.ts';
import { listenAddress, portRange } from './values.ts';

/** `fairway.yml` as people write it: the one source of validation, of the JSON Schema and of the reference page. */
export const productionSchema = z.strictObject({
  name: text('a name of a-z, 0-9 and -, such as production', APP_NAME)
    .prefault('production')
    .describe('What this production is called where people see it.'),
  provider: choice(['local', 'ssh', 'lab', 'aws'])
    .prefault('local')
    .describe(
      'Where instances run. `local`: all on this machine. `ssh`: on the machines under `hosts`. `lab`: on machines that ' +
        'are made on this one, to rehearse. `aws`: on EC2 instances that are made.',
    ),
  control: z
    .strictObject({
      listen: listenAddress('127.0.0.1')
        .prefault('127.0.0.1:7480')
        .describe('Where the control server listens; a port alone is on 127.0.0.1, port 0 is any free one.'),
    })
    .prefault({})
    .describe('The control server.'),
  balancer: balancerSchema.prefault({}).describe('What spreads requests over the instances.'),
  ports: portRange()
    .prefault('20000-29999')
    .describe('Ports for instances: two for each, as the next release may start beside the present one.'),
  hosts: hostsSchema
    .prefault({})
    .describe('Machines by name, for `instances` and for references such as `${hosts.data1.address}`.'),
  ssh: sshSchema.prefault({}).describe('How hosts are reached.'),
  provision: provisionSchema.prefault({}).describe('How `fairway provision` sets hosts up.'),
  lab: labSchema.prefault({}).describe('Machines of provider lab.'),
  aws: awsSchema.optional().describe('Machines of provider aws, which needs this.'),
  apps: z
    .record(
      z.string().regex(APP_NAME, { error: 'a name of a-z, 0-9 and -, at most 31, a letter first' }),
      appSchema,
    )
    .describe('The apps, by name.'),
});

export type ProductionSection = z.output<typeof productionSchema>;
