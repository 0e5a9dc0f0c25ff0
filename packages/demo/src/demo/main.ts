import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { embeddedBalancer } from 'fairway/dist/balancer/embedded/client.js';
import { socketPath } from 'fairway/dist/hosts/local/socket-path.js';
import color from 'picocolors';
import { LoadGenerator } from '../load/generator.ts';
import { visitorMix } from '../load/mix.ts';
import { ControlServer, fairway, takeDown } from './control.ts';
import { brokenPromises, type Figures, requestFigures, type Span, summarize } from './figures.ts';
import { processesOf } from './left-behind.ts';
import { addRemote, push } from './push.ts';
import { ServingSampler, servingInstances } from './sampler.ts';
import { commitChange, createWorkspace, removeWorkspace, type Workspace } from './workspace.ts';

const PER_SECOND = 400;
/** On a fast machine the tour is short: visitors stay until the figures stand on this many requests. */
const FEWEST_REQUESTS = 6_000;
/** The demo's load ends by itself, even if nobody presses Ctrl-C. */
const MOST_REQUESTS = 200_000;

const { values: options } = parseArgs({
  options: { exit: { type: 'boolean', default: false }, json: { type: 'string' } },
});

const workspace = await createWorkspace();
let figures: Omit<Figures, 'leftBehind'>;
try {
  figures = await tour(workspace);
} finally {
  await takeDown(workspace).catch((error: Error) => console.error(error.message));
  await removeWorkspace(workspace);
}
const result: Figures = {
  ...figures,
  leftBehind: { processes: processesOf(workspace.folder).length, folder: existsSync(workspace.folder) },
};
if (options.json) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
const broken = brokenPromises(result);
for (const promise of broken) console.error(color.red(`Not kept: ${promise}`));
process.exitCode = broken.length === 0 ? 0 : 1;

/** One app's life: first deploy, update under load, a bad release, a rollback. */
async function tour(place: Workspace): Promise<Omit<Figures, 'leftBehind'>> {
  title('A production of one app on this machine: fairway serve');
  const control = await ControlServer.start(place);
  const balancer = embeddedBalancer({ socketPath: socketPath(place.state, 'balancer/balancer.sock') });
  await addRemote(place, 'hello');

  title('First deploy: git push production');
  const first = await timed(() => push(place, show));

  title(`Visitors come: ${PER_SECOND} requests/s, GET and POST, with and without keep-alive`);
  const load = await startLoad(place);
  const sampler = new ServingSampler(balancer, 'hello');

  title('An update, one instance after another');
  await commitChange(place, {
    file: 'greeting.js',
    from: 'hello',
    to: 'hello again',
    subject: 'Say hello again',
  });
  sampler.take();
  const update = await timed(() => push(place, show));
  const rolling = sampler.take();

  title('A release that never becomes healthy');
  await commitChange(place, {
    file: 'server.js',
    from: "'GET /health': (_request, response) => response.end('ok\\n')",
    to: "'GET /health': (_request, response) => response.writeHead(500).end('no database\\n')",
    subject: 'Break the health check',
  });
  const bad = await timed(() => push(place, show));
  const badSamples = sampler.take();
  const servingAfter = servingInstances(await balancer.observe(), 'hello');

  title('Back to the release before: fairway rollback hello');
  const back = await timed(() => fairway(place, ['rollback', 'hello']));
  for (const line of back.result.stdout.split('\n')) show(line);
  const backSamples = sampler.take();

  await load.until(FEWEST_REQUESTS);
  if (process.stdout.isTTY && !options.exit) await stayUp(place);
  await sampler.stop();
  await load.stop();
  await control.stop();

  const spans = [update.span, bad.span, back.span].map((span) => load.tally.totals(span));
  const measured = {
    requests: requestFigures(load.tally.totals(), spans),
    firstDeploy: { seconds: first.seconds },
    rolling: { instances: 5, seconds: update.seconds, ...rolling },
    badRelease: {
      refused: bad.result.output.includes('TAKEN BACK'),
      seconds: bad.seconds,
      servingAfter,
      ...badSamples,
    },
    rollback: {
      seconds: back.seconds,
      failed: spans[2]!.failed + (back.result.exitCode === 0 ? 0 : 1),
      minServing: backSamples.minServing,
    },
  };
  title('What happened');
  for (const line of summarize({ ...measured, leftBehind: { processes: 0, folder: false } })) show(line);
  for (const example of measured.requests.examples) show(color.red(example));
  return measured;
}

async function startLoad(place: Workspace): Promise<LoadGenerator> {
  const { stdout } = await fairway(place, ['status', '--json']);
  const url = new URL((JSON.parse(stdout) as { balancerUrl: string }).balancerUrl);
  const load = new LoadGenerator({
    target: { host: url.hostname, port: Number(url.port), hostname: 'hello.localhost' },
    kinds: visitorMix(),
    perSecond: PER_SECOND,
    atMost: MOST_REQUESTS,
  });
  load.start();
  return load;
}

async function stayUp(place: Workspace): Promise<void> {
  const { stdout } = await fairway(place, ['status']);
  console.log(`\n${stdout}\n`);
  console.log(`Look around in another terminal, for example:\n`);
  console.log(`  cd ${place.folder}/production && npx --prefix ${process.cwd()} fairway status --watch\n`);
  console.log('Ctrl-C ends the demo and removes everything it made.');
  await new Promise<void>((resolve) => process.once('SIGINT', resolve));
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number; span: Span }> {
  const from = performance.now();
  const result = await work();
  const to = performance.now();
  return { result, seconds: Math.round(to - from) / 1000, span: { from, to } };
}

function title(text: string): void {
  console.log(`\n${color.bold(text)}`);
}

function show(line: string): void {
  console.log(`  ${line}`);
}
