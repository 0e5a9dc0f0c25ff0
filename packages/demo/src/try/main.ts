import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { embeddedBalancer } from 'fairway/dist/balancer/embedded/client.js';
import { socketPath } from 'fairway/dist/hosts/local/socket-path.js';
import { ControlServer, fairway, takeDown } from '../demo/control.ts';
import { addRemote, push } from '../demo/push.ts';
import { ServingSampler, servingInstances } from '../demo/sampler.ts';
import { removeWorkspace, type Workspace } from '../demo/workspace.ts';
import { LoadGenerator } from '../load/generator.ts';
import { configFor, type TryOptions } from './config.ts';
import { cloneInto, commitNothing } from './repository.ts';
import { steadyVisits } from './visits.ts';

const USAGE =
  'npm run try -- REPOSITORY [--health /path] [--visit /path] [--directory DIR] [--start COMMAND] [--runtime node|static]\n' +
  '               [--port-env NAME] [--env NAME=VALUE]… [--instances 3] [--json FILE]';
const PER_SECOND = 60;
const MOST_REQUESTS = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    health: { type: 'string', default: '/' },
    visit: { type: 'string' },
    directory: { type: 'string', default: '.' },
    start: { type: 'string' },
    runtime: { type: 'string', default: 'node' },
    'port-env': { type: 'string', default: 'PORT' },
    env: { type: 'string', multiple: true, default: [] },
    instances: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const [repository] = positionals;
if (repository === undefined || positionals.length > 1) {
  console.error(`Usage: ${USAGE}`);
  process.exit(2);
}

const options: TryOptions = { ...values, portEnv: values['port-env'], instances: Number(values.instances) };
const place = await cloneInto(repository, configFor(options));
try {
  const figures = await life(place);
  console.log(`\n${JSON.stringify(figures, null, 2)}`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  const isWell =
    figures.servingAfter === options.instances && figures.update.failed + figures.rollback.failed === 0;
  process.exitCode = isWell ? 0 : 1;
} finally {
  await takeDown(place).catch((error: Error) => console.error(error.message));
  await removeWorkspace(place);
}

/** First deploy, an update and a rollback of an app that nobody prepared, with visitors all along. */
async function life(workspace: Workspace) {
  const control = await ControlServer.start(workspace);
  const balancer = embeddedBalancer({ socketPath: socketPath(workspace.state, 'balancer/balancer.sock') });
  try {
    await addRemote(workspace, 'app');
    const first = await push(workspace, console.log);
    if (first.exitCode !== 0) throw new Error('the first deploy failed: see above');
    const { stdout } = await fairway(workspace, ['status', '--json']);
    const url = new URL((JSON.parse(stdout) as { balancerUrl: string }).balancerUrl);
    const visit = await steadyVisits(url, values.visit ?? options.health);
    const sampler = new ServingSampler(balancer, 'app');
    const load = new LoadGenerator({
      target: { host: url.hostname, port: Number(url.port), hostname: 'app.localhost' },
      kinds: visit,
      perSecond: PER_SECOND,
      atMost: MOST_REQUESTS,
    });
    load.start();
    await commitNothing(workspace);
    sampler.take();
    const update = await during(load, () => push(workspace, console.log));
    const serving = sampler.take();
    const rollback = await during(load, async () => {
      const { stdout: told } = await fairway(workspace, ['rollback', 'app']);
      console.log(told);
    });
    await load.stop();
    await sampler.stop();
    return {
      repository,
      update: { ...update, minServing: serving.minServing },
      rollback,
      servingAfter: servingInstances(await balancer.observe(), 'app'),
      examples: load.tally.totals().examples,
    };
  } finally {
    await control.stop();
  }
}

async function during(load: LoadGenerator, work: () => Promise<unknown>) {
  const from = performance.now();
  await work();
  const to = performance.now();
  const { sent, failed, stalled } = load.tally.totals({ from, to });
  return { seconds: Math.round(to - from) / 1000, sent, failed, stalled };
}
