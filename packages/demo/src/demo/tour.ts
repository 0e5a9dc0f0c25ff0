import { canaryStory } from '../canary/story.ts';
import { LoadGenerator } from '../load/generator.ts';
import { visitorMix } from '../load/mix.ts';
import type { Target } from '../load/request.ts';
import { ControlServer, fairway } from './control.ts';
import { type Figures, requestFigures, type Span } from './figures.ts';
import { addRemote, push } from './push.ts';
import type { Samples } from './sampler.ts';
import { show, title } from './show.ts';
import { commitChange, type Workspace } from './workspace.ts';

const PER_SECOND = 400;
/** On a fast machine the tour is short: visitors stay until the figures stand on this many requests. */
const FEWEST_REQUESTS = 6_000;
/** The demo's load ends by itself, even if nobody presses Ctrl-C. */
const MOST_REQUESTS = 200_000;
const APP = 'hello';

/** What the tour looks at: how many instances serve, as the balancer itself reports it. */
export interface Lookout {
  /** Ends the present span of samples and begins another one. */
  take(): Samples;
  servingNow(): Promise<number>;
  stop(): Promise<void>;
}

export interface TourPlace {
  readonly workspace: Workspace;
  /** Called once an instance serves. */
  readonly watch: () => Promise<Lookout>;
  /** What happens before the end while visitors come: a look around, for example. */
  readonly beforeTheEnd?: () => Promise<void>;
}

/** One app's life: first deploy, update under load, a bad release, a rollback, and canaries. */
export async function tour({
  workspace,
  watch,
  beforeTheEnd,
}: TourPlace): Promise<Omit<Figures, 'leftBehind'>> {
  const control = await ControlServer.start(workspace);
  await addRemote(workspace, APP);

  title('First deploy: git push production');
  const first = await timed(() => push(workspace, show));
  if (!first.result.output.includes('succeeded')) throw new Error('the first deploy failed: see above');

  title(`Visitors come: ${PER_SECOND} requests/s, GET and POST, with and without keep-alive`);
  const load = await startLoad(workspace);
  const lookout = await watch();

  title('An update, one instance after another');
  await commitChange(workspace, {
    file: 'greeting.js',
    from: 'hello',
    to: 'hello again',
    subject: 'Say hello again',
  });
  lookout.take();
  const update = await timed(() => push(workspace, show));
  const rolling = lookout.take();

  title('A release that never becomes healthy');
  await commitChange(workspace, {
    file: 'server.js',
    from: "'GET /health': (_request, response) => response.end('ok\\n')",
    to: "'GET /health': (_request, response) => response.writeHead(500).end('no database\\n')",
    subject: 'Break the health check',
  });
  const bad = await timed(() => push(workspace, show));
  const badSamples = lookout.take();
  const servingAfter = await lookout.servingNow();

  title(`Back to the release before: fairway rollback ${APP}`);
  const back = await timed(() => fairway(workspace, ['rollback', APP]));
  for (const line of back.result.stdout.split('\n')) show(line);
  const backSamples = lookout.take();

  await load.until(FEWEST_REQUESTS);
  await lookout.stop();
  await load.stop();

  const canary = await canaryStory(workspace, await targetOf(workspace));
  if (beforeTheEnd) {
    const guests = await startLoad(workspace);
    await beforeTheEnd();
    await guests.stop();
  }
  await control.stop();

  const spans = [update.span, bad.span, back.span].map((span) => load.tally.totals(span));
  return {
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
    canary,
  };
}

export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number; span: Span }> {
  const from = performance.now();
  const result = await work();
  const to = performance.now();
  return { result, seconds: Math.round(to - from) / 1000, span: { from, to } };
}

async function startLoad(place: Workspace): Promise<LoadGenerator> {
  const load = new LoadGenerator({
    target: await targetOf(place),
    kinds: visitorMix(),
    perSecond: PER_SECOND,
    atMost: MOST_REQUESTS,
  });
  load.start();
  return load;
}

async function targetOf(place: Workspace): Promise<Target> {
  const { stdout } = await fairway(place, ['status', '--json']);
  const url = new URL((JSON.parse(stdout) as { balancerUrl: string }).balancerUrl);
  return { host: url.hostname, port: Number(url.port || 80), hostname: `${APP}.localhost` };
}
