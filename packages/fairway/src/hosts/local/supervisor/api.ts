import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { ReleaseMissing } from '../../hosts.ts';
import type { BalancerKeeper } from './balancer-keeper.ts';
import type { Fences } from './fences.ts';
import type { Instances } from './instances.ts';
import type { Logs } from './logs.ts';
import type { OneOffs } from './one-offs.ts';
import type { SupervisorPaths } from './paths.ts';
import * as protocol from './protocol.ts';
import type { Releases } from './releases.ts';
import { say } from './say.ts';

export interface SupervisorParts {
  readonly paths: SupervisorPaths;
  readonly fences: Fences;
  readonly releases: Releases;
  readonly instances: Instances;
  readonly logs: Logs;
  readonly oneOffs: OneOffs;
  readonly balancer: BalancerKeeper;
  readonly startedAt: number;
  /** Ends this process, after the answer was sent. */
  exit(): void;
}

type Api = Hono<{ Bindings: HttpBindings }>;

/** What the supervisor can be asked over its socket; requests and answers are in `protocol.ts`. */
export function supervisorApi(parts: SupervisorParts): Api {
  const api = new Hono<{ Bindings: HttpBindings }>();
  api.onError((error, context) => refuse(error, context));
  api.get('/status', (context) => {
    const { startedAt, paths, instances } = parts;
    const status: protocol.SupervisorStatus = {
      pid: process.pid,
      startedAt,
      stateDirectory: paths.stateDirectory,
      instances: instances.wanted(),
    };
    return context.json(status);
  });
  addChanges(api, parts);
  addQuestions(api, parts);
  addRuns(api, parts);
  addBalancer(api, parts);
  addShutdown(api, parts);
  return api;
}

function addChanges(api: Api, { fences, releases, instances }: SupervisorParts): void {
  api.post('/install', async (context) => {
    const { fence, ...artifact } = await read(context, protocol.installSchema);
    fences.pass(artifact.app, fence);
    await releases.install(artifact);
    return context.body(null, 204);
  });
  api.post('/start', async (context) => {
    const { host, slot, launch, fence } = await read(context, protocol.startSchema);
    fences.pass(slot.app, fence);
    const { secrets, ...kept } = launch;
    await instances.start(host, slot, kept, secrets);
    return context.body(null, 204);
  });
  api.post('/stop', async (context) => {
    const { slot, fence } = await read(context, protocol.stopSchema);
    fences.pass(slot.app, fence);
    await instances.stop(slot);
    return context.body(null, 204);
  });
  api.post('/prune', async (context) => {
    const { app, keep, fence } = await read(context, protocol.pruneSchema);
    fences.pass(app, fence);
    await releases.prune(app, new Set([...keep, ...instances.releasesInUse(app)]));
    instances.forgetStopped(app);
    return context.body(null, 204);
  });
}

function addQuestions(api: Api, { instances, logs }: SupervisorParts): void {
  api.get('/slots', (context) => {
    const { app } = protocol.appSchema.parse(context.req.query());
    return context.json(instances.views(app));
  });
  api.get('/watch', (context) => {
    const { app } = protocol.appSchema.parse(context.req.query());
    return lines(context, async (write, signal) => {
      const onChange = (changed: string) => void (changed === app && write({}));
      instances.changes.on('change', onChange);
      await write({});
      await aborted(signal);
      instances.changes.off('change', onChange);
    });
  });
  api.post('/logs', async (context) => {
    const { app, ...query } = await read(context, protocol.logsSchema);
    return lines(context, (write, signal) => logs.read(app, query, signal, write));
  });
}

function addRuns(api: Api, { oneOffs, releases, paths }: SupervisorParts): void {
  api.post('/run', async (context) => {
    const { id, host, app, launch } = await read(context, protocol.runSchema);
    if (!releases.has(app, launch.release)) throw new ReleaseMissing(app, launch.release, host);
    const folder = paths.release(app, launch.release);
    return lines(context, (write, signal) => oneOffs.run(id, launch, folder, signal, write));
  });
  api.delete('/run/:id', (context) => {
    oneOffs.stop(context.req.param('id'));
    return context.body(null, 204);
  });
}

function addBalancer(api: Api, { balancer }: SupervisorParts): void {
  api.get('/balancer', (context) => context.json(balancer.status()));
  api.post('/balancer', async (context) =>
    context.json(await balancer.ensure(await read(context, protocol.balancerSchema))),
  );
  api.post('/balancer/restart', async (context) => context.json(await balancer.restart()));
}

function addShutdown(api: Api, { instances, oneOffs, balancer, exit }: SupervisorParts): void {
  api.post('/shutdown', async (context) => {
    const { stopInstances } = await read(context, protocol.shutdownSchema);
    if (stopInstances) {
      oneOffs.stopAll();
      await Promise.all([instances.close(), balancer.close()]);
    }
    context.env.outgoing.once('close', exit);
    return context.body(null, 204, { connection: 'close' });
  });
}

async function read<Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.infer<Schema>> {
  return schema.parse(await context.req.json());
}

type Write = (message: unknown) => Promise<unknown>;

/** An answer of one JSON value per line, that goes on until `produce` ends or the client goes away. */
function lines(context: Context, produce: (write: Write, signal: AbortSignal) => Promise<void>): Response {
  context.header('content-type', 'application/x-ndjson');
  return stream(context, async (output) => {
    const gone = new AbortController();
    output.onAbort(() => gone.abort());
    // An empty line sends the head of the answer on its way: the client knows that it is heard.
    await output.write('\n');
    await produce((message) => output.write(`${JSON.stringify(message)}\n`), gone.signal);
  });
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
    if (signal.aborted) resolve(undefined);
  });
}

function refuse(error: Error, context: Context): Response {
  if (error instanceof z.ZodError) {
    return context.json({ code: 'bad-request', message: z.prettifyError(error) }, 400);
  }
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return context.json({ code, message: error.message }, 409);
  say(error);
  return context.json({ code: 'internal', message: `the supervisor failed: ${error.message}` }, 500);
}
