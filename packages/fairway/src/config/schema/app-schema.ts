import { validRange } from 'semver';
import { z } from 'zod';
import { oneOf } from '../found.ts';
import { HEADER_NAME, VARIABLE_NAME } from '../names.ts';
import { canaryKeys } from './canary-schema.ts';
import { choice, leaf, text, Unfit, wholeNumber } from './leaf.ts';
import {
  branch,
  command,
  directory,
  duration,
  healthPath,
  instanceCount,
  repository,
  routeHost,
  routePath,
  size,
  statusRange,
} from './values.ts';

const nodeVersion = leaf(
  z.union([z.number(), z.string()], { error: 'a version of Node, such as 22 or ">=20.11"' }),
  (written) => {
    const range = String(written);
    return range !== '' && validRange(range) !== null
      ? range
      : new Unfit('a version of Node, such as 22 or ">=20.11"');
  },
);

const runtimeTypes = ['node', 'static', 'command'] as const;

const runtime = z.union(
  [
    choice(runtimeTypes).describe('The type alone, when nothing else is to be said.'),
    z.strictObject({
      type: choice(runtimeTypes).describe(
        '`node`: installs from `package.json` and its lock file. `static`: serves the files. ' +
          '`command`: only what `build` and `start` say.',
      ),
      version: nodeVersion
        .optional()
        .describe('Version of Node, exact or a semver range. Left out: what `.nvmrc` or `engines` say.'),
    }),
  ],
  { error: oneOf(runtimeTypes) },
);

const hostNames = [z.string(), z.array(z.string({ error: 'a host name or range' }))] as const;
const instances = z.union(
  [
    z.int(),
    ...hostNames,
    z.strictObject({
      hosts: z
        .union(hostNames, { error: 'host names such as box[1-3]' })
        .describe('The hosts: `box[1-3]`, or a list of such.'),
      per_host: wholeNumber(1, 100).describe('How many run on each.'),
    }),
  ],
  { error: 'a number of instances, or host names such as box[1-3]' },
);

const health = z.strictObject({
  path: healthPath()
    .prefault('/')
    .describe('Asked with GET. Best a page that fails when the app cannot do its work.'),
  interval: duration('50ms').prefault('1s').describe('Time between two checks.'),
  timeout: duration('10ms').prefault('2s').describe('An answer that takes longer is a failed check.'),
  rise: wholeNumber(1, 100)
    .prefault(2)
    .describe('Checks passed in a row until an instance counts as healthy.'),
  fall: wholeNumber(1, 100)
    .prefault(3)
    .describe('Checks failed in a row until an instance counts as unhealthy.'),
  status: statusRange().prefault('200-399').describe('Status codes that pass, one or a range.'),
  headers: z
    .record(
      z.string().regex(HEADER_NAME, { error: 'a header name' }),
      leaf(text('text'), (value) => (/[\r\n\0]/.test(value) ? new Unfit('text on one line') : value)),
    )
    .prefault({})
    .describe('Extra request headers, for example `host`.'),
  start_timeout: duration('100ms')
    .prefault('60s')
    .describe('From start to healthy. A release that takes longer is refused and taken back.'),
});

const route = z.strictObject({
  hosts: z
    .array(routeHost(), { error: 'a list of host names' })
    .prefault([])
    .describe('Host names of the app; `*.example.org` matches one label. Left out: any host.'),
  paths: z
    .array(routePath(), { error: 'a list of paths' })
    .min(1, { error: 'at least one path' })
    .prefault(['/'])
    .describe('Path prefixes of the app. Over all apps the longest match wins.'),
  max_body: size('1kb', '1024gb')
    .prefault('20mb')
    .describe('Largest request body; a larger one is answered 413.'),
  max_header: size('1kb', '1mb').prefault('16kb').describe('Largest request header, all fields together.'),
  algorithm: choice(['least-connections', 'round-robin'])
    .prefault('least-connections')
    .describe('Which instance the next request goes to.'),
  connect_timeout: duration('1ms').prefault('2s').describe('To open a connection to an instance.'),
  first_byte_timeout: duration('10ms')
    .prefault('60s')
    .describe("From the request to the first byte of the app's answer; then 504."),
  idle_timeout: duration('10ms')
    .prefault('60s')
    .describe('Between two bytes of an answer, and between two of a request’s body.'),
});

const hooks = z.strictObject({
  before_deploy: command()
    .optional()
    .describe('Runs once in the new release before any instance is touched: migrations.'),
  after_deploy: command().optional().describe('Runs once after the last instance serves the new release.'),
});

const deploy = z.strictObject({
  branch: branch().prefault('production').describe('A push to this branch deploys.'),
  strategy: choice(['rolling', 'canary'])
    .prefault('rolling')
    .describe(
      'How instances move to the next release. `rolling`: some at a time. `canary`: it gets a growing share of the users ' +
        'first, and loses it when it does worse. First deploys, changed numbers of instances and rollbacks are rolling.',
    ),
  ...canaryKeys,
  max_unavailable: instanceCount('some')
    .optional()
    .describe(
      'Most instances out of service at once: a number, or a percentage (rounded down, but to 1 at least without ' +
        'surge). Left out: 1, or 0 for an app of one instance.',
    ),
  surge: instanceCount('all')
    .optional()
    .describe(
      'How many instances of the next release may boot beside those they replace: a number, a percentage (rounded ' +
        'up) or `all`. 0 replaces in place. Left out: 0, or 1 where max_unavailable is 0.',
    ),
  soak: duration('0s')
    .prefault('0s')
    .describe('How long a new instance must serve before the next is touched.'),
  drain_timeout: duration('0s')
    .prefault('30s')
    .describe('How long requests and WebSockets under way may take to end.'),
  stop_timeout: duration('0s').prefault('10s').describe('From SIGTERM to SIGKILL.'),
  stall_timeout: duration('1s')
    .optional()
    .describe(
      'A rollout without progress for so long takes itself back. Left out: 10m, or twice the longest single wait ' +
        '(start, soak, or drain and stop) where that is more.',
    ),
  keep: wholeNumber(2, 100).prefault(5).describe('How many good releases are kept to roll back to.'),
  hooks: hooks.prefault({}).describe('Commands around a deploy.'),
});

/** An app's section as people write it; the output is what it means, see `resolve-app.ts`. */
export const appSchema = z.strictObject({
  repository: repository()
    .optional()
    .describe(
      'Where `fairway deploy` fetches from when there was no push. A relative path is relative to this file.',
    ),
  directory: directory().prefault('.').describe("The app's folder within its repository."),
  runtime: runtime.describe('What builds and starts the app.'),
  build: command()
    .optional()
    .describe(
      'Command that builds the app, run without a shell. Left out: what the runtime does by itself (`npm run build`).',
    ),
  build_timeout: duration('1s').prefault('15m').describe('A build that takes longer has failed.'),
  start: command()
    .optional()
    .describe(
      'Command that starts an instance, run without a shell. `${NAME}` is replaced by that variable of the instance. ' +
        'Left out: what the runtime does by itself; runtime command needs it.',
    ),
  port_env: text('the name of an environment variable', VARIABLE_NAME)
    .prefault('PORT')
    .describe(
      'Environment variable that tells the app which port to listen on. `HOST` tells the address: 127.0.0.1 on this ' +
        'machine, 0.0.0.0 on others, as the balancer is elsewhere.',
    ),
  instances: instances
    .optional()
    .describe(
      'The hosts that run one each: `box[1-3]`, or a list of such; or, with provider local, how many copies run. Left ' +
        'out: 2 with provider local, an error otherwise.',
    ),
  health: health.prefault({}).describe('How the balancer finds out whether an instance can serve.'),
  route: route.prefault({}).describe("How visitors' requests reach the app."),
  env: z
    .record(
      z.string().regex(VARIABLE_NAME, { error: 'the name of an environment variable' }),
      leaf(
        z.union([z.string(), z.number(), z.boolean()], { error: 'text, a number, true or false' }),
        (value) => (String(value).includes('\0') ? new Unfit('text without NUL') : String(value)),
      ),
    )
    .prefault({})
    .describe(
      'Environment variables of the instances. `${hosts.NAME.address}` is replaced; `$${` gives `${`.',
    ),
  secrets: z
    .array(text('the name of an environment variable', VARIABLE_NAME), { error: 'a list of names' })
    .prefault([])
    .describe(
      'Environment variables of the instances whose values `fairway secrets set` keeps encrypted beside this file.',
    ),
  limits: z
    .strictObject({
      memory: size('16mb', '1024gb')
        .optional()
        .describe(
          'Memory of one instance with all its processes; above it, it is restarted. Left out: no limit.',
        ),
      cpu: z
        .number({ error: 'a number of CPUs from 0.01 to 1024, such as 0.5' })
        .min(0.01, { error: 'a number of CPUs from 0.01 to 1024, such as 0.5' })
        .max(1024, { error: 'a number of CPUs from 0.01 to 1024, such as 0.5' })
        .optional()
        .describe(
          'CPUs that one instance may use: `0.5` is half of one. Left out: no limit. Provider local holds no such limit.',
        ),
    })
    .prefault({})
    .describe('What one instance may use.'),
  logs: z
    .strictObject({
      max_size: size('64kb', '10gb').prefault('10mb').describe('Size at which a log file is put aside.'),
      keep: wholeNumber(1, 100).prefault(5).describe('How many files are kept for each instance.'),
    })
    .prefault({})
    .describe('Log files of the instances.'),
  deploy: deploy.prefault({}).describe('How a new release takes over.'),
});

export type AppSection = z.output<typeof appSchema>;
