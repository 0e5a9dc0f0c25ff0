import { readFile, writeFile } from 'node:fs/promises';
import { push } from '../demo/push.ts';
import { show, title } from '../demo/show.ts';
import { commitChange, type Workspace } from '../demo/workspace.ts';
import type { Target } from '../load/request.ts';
import { type Answered, raiseAlert } from './alert.ts';
import { type CanaryFigures, movedBack, shareOf } from './figures.ts';
import { Users, type Visit } from './users.ts';

const APP = 'hello';
const FIRST_SHARE = 20;
const STEPS = `steps: [{ share: ${FIRST_SHARE}%, hold: 4s }, { share: 50%, hold: 2s }], bake: 1s`;
const BY_HAND = `steps: [{ share: ${FIRST_SHARE}%, hold: manual }], bake: 1s`;
/** For the one that is to be caught by its times: by its failures there is nothing to see. */
const JUDGE_TIMES = 'judge: { min_requests: 60, latency: { p95_worse_by: 100% } }';
const JUDGE = 'judge: { min_requests: 60 }';
const ON_CANARY = new RegExp(`${FIRST_SHARE} % of the users are on the canary`);

/** A canary that is healthy, one with a bug, a slow one, and one that an alert takes back. */
export async function canaryStory(workspace: Workspace, target: Target): Promise<CanaryFigures> {
  title('A canary: a part of the users gets the next release first');
  await useStrategy(workspace, /deploy: \{ strategy: rolling, max_unavailable: 1/, STEPS, JUDGE);
  await commitChange(workspace, {
    file: 'server.js',
    from: "response.writeHead(500).end('no database\\n')",
    to: "response.end('ok\\n')",
    subject: 'Mend the health check',
  });
  const healthy = await pushCanary(workspace, target);

  title('A canary with a bug: three requests of ten fail');
  await commitChange(workspace, {
    file: 'server.js',
    from: "'GET /': (_request, response) => response.end(",
    to: "'GET /': (_request, response) => Math.random() < 0.3 ? response.writeHead(500).end() : response.end(",
    subject: 'Fail now and then',
  });
  const faulty = await pushCanary(workspace, target);

  title('A canary that answers late');
  await useStrategy(workspace, JUDGE, JUDGE_TIMES);
  await commitChange(workspace, {
    file: 'server.js',
    from: 'Math.random() < 0.3 ? response.writeHead(500).end() : response.end(',
    to: 'setTimeout((text) => response.end(text), 200, ',
    subject: 'Answer late',
  });
  const slow = await pushCanary(workspace, target);

  title('A canary that an alert takes back');
  await useStrategy(workspace, STEPS, BY_HAND);
  await commitChange(workspace, {
    file: 'server.js',
    from: 'setTimeout((text) => response.end(text), 200, ',
    to: 'response.end(',
    subject: 'Answer at once again',
  });
  let alerted: Promise<Answered> | undefined;
  const aborted = await pushCanary(workspace, target, (line, users) => {
    if (ON_CANARY.test(line)) alerted = once(users).then(() => raiseAlert(workspace, APP, 'orders are down'));
  });
  if (!alerted) throw new Error(`the last canary got no users:\n${aborted.output}`);
  const { tookMs, at } = await alerted;

  const first = healthy.visits.filter(
    ({ startedAt }) => startedAt >= healthy.sharedAt && startedAt < healthy.overAt,
  );
  const share = shareOf(first, healthy.release);
  const all = [healthy, faulty, slow, aborted];
  return {
    shareAsked: FIRST_SHARE,
    shareSeen: Math.round(share.percent * 10) / 10,
    newUsers: share.users,
    usersMovedBack: movedBack(healthy.visits, healthy.release),
    promoted: healthy.output.includes('succeeded'),
    judgeVerdict: verdictOf(faulty.output),
    latencyVerdict: verdictOf(slow.output),
    alertToZeroMs: tookMs,
    afterAbort: aborted.visits.filter(
      ({ startedAt, release }) => startedAt > at && release === aborted.release,
    ).length,
    failed: all.reduce((sum, one) => sum + failuresOf(one, one === faulty), 0),
    requests: all.reduce((sum, one) => sum + one.visits.length, 0),
  };
}

interface Pushed {
  readonly output: string;
  readonly release: string;
  readonly visits: readonly Visit[];
  /** When the first step had its share, and when it was over, before the next one: `performance.now()`. */
  readonly sharedAt: number;
  readonly overAt: number;
}

/** Pushes what is committed, with users coming and going for as long as it takes. */
async function pushCanary(
  workspace: Workspace,
  target: Target,
  hear: (line: string, users: Users) => void = () => undefined,
): Promise<Pushed> {
  const users = new Users(target);
  users.start();
  let sharedAt = Number.POSITIVE_INFINITY;
  let overAt = Number.POSITIVE_INFINITY;
  try {
    const { output } = await push(workspace, (line) => {
      show(line);
      if (ON_CANARY.test(line)) sharedAt = performance.now();
      else if (/step 1 is over/.test(line)) overAt = performance.now();
      hear(line, users);
    });
    await users.stop();
    const release = /deploys ([0-9a-f]{12})/.exec(output)?.[1];
    if (release === undefined) throw new Error(`the push does not say what it deploys:\n${output}`);
    return { output, release, visits: users.visits, sharedAt, overAt };
  } finally {
    await users.stop();
  }
}

/** Resolves when the canary has had visits since now. */
async function once(users: Users): Promise<void> {
  const before = users.visits.length;
  while (users.visits.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function useStrategy(workspace: Workspace, from: string | RegExp, ...to: string[]): Promise<void> {
  const before = await readFile(workspace.config, 'utf8');
  const words = typeof from === 'string' ? to.join(', ') : `deploy: { strategy: canary, ${to.join(', ')}`;
  const after = before.replace(from, words);
  if (after === before) throw new Error(`fairway.yml does not hold ${from}`);
  await writeFile(workspace.config, after);
}

function verdictOf(output: string): string {
  return /TAKING BACK: .*?: (canary .*)$/m.exec(output)?.[1]?.trim() ?? '';
}

/** Answers 500 are the faulty release's own; whatever else fails is ours. */
function failuresOf({ visits }: Pushed, isFaulty: boolean): number {
  return visits.filter(({ failure }) => failure !== undefined && !(isFaulty && failure === 'status 500'))
    .length;
}
