import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { fillDisk, freeDisk } from '../../src/lab/disk-faults.ts';
import { killHost, startHost } from '../../src/lab/lab.ts';
import { cutHost, healNetwork } from '../../src/lab/network-faults.ts';
import { freezeSshd, thawSshd } from '../../src/lab/sshd-faults.ts';
import type { ActionKind } from '../../src/rollout/actions.ts';
import { waitUntil } from '../support/wait-until.ts';
import { describeInLab } from './support/describe-in-lab.ts';
import { type Outcome, RemoteRehearsal, type Turn } from './support/remote-rehearsal.ts';

const HOSTS = ['lb1', 'flags1', 'web1', 'web2', 'web3', 'web4', 'web5'];
/** Every kind of action that an update over SSH journals, and where the controller dies at it. */
const CRASHES: readonly (readonly ['before' | 'after', ActionKind, number])[] = [
  ['after', 'install', 1],
  ['before', 'hook', 1],
  ['after', 'drain', 2],
  ['before', 'deregister', 2],
  ['after', 'stop', 2],
  ['after', 'start', 2],
  ['before', 'register', 2],
  ['after', 'admit', 2],
  ['before', 'declare', 1],
];
/** Requests that one of the instances may be answering at a moment. */
const UNDER_WAY_ON_ONE = 5;
/** HAProxy is there again after 0.1 s and its own start; nobody can connect until then. */
const OUTAGE_OF_HAPROXY = 300;
/** `npm run test:long` has every row come many times. */
const REPEATS = Number(process.env.FAIRWAY_REPEATS ?? 0);

/**
 * What breaks while five instances on five machines are updated under 300 requests/s, and what that costs. Requests are
 * lost only on a machine, or in a balancer, that died with them.
 */
describeInLab('An update', HOSTS, (lab) => {
  let production: RemoteRehearsal;

  beforeAll(async () => {
    const hooks = '{ max_unavailable: 1, drain_timeout: 10s, hooks: { before_deploy: node --version } }';
    production = await RemoteRehearsal.start(lab(), hooks);
  }, 600_000);
  afterAll(() => production?.end());

  const halfway = (act: Turn['act']): Turn => ({ after: /instance web2 done/, act });
  const onceNoticed = (act: Turn['act']): Turn => ({
    after: /web4 cannot be reached|web4.*will try again/,
    act,
  });

  /** It went through: everything is on the new release, and one instance at a time was missing at most. */
  async function expectWentThrough(outcome: Outcome, atLeast = 4): Promise<void> {
    const told = `${outcome.output}\n${outcome.examples.join('\n')}`;
    expect(outcome.output, told).toMatch(/✔ .* succeeded/);
    expect(outcome.minServing, told).toBeGreaterThanOrEqual(atLeast);
    expect(await production.isWholeAt(outcome.commit), told).toBe(true);
    console.log(row(outcome));
  }

  function expectNothingLost({ failed, stalled, sent, examples }: Outcome): void {
    expect(failed, examples.join('\n')).toBe(0);
    // Seven machines, the visitors and another start of the controller share two processors here: a few may be late by that.
    expect(stalled, examples.join('\n')).toBeLessThan(sent / 200);
  }

  /** Only what was under way on one machine when it went, of five that share 300 requests/s. */
  function expectLostOn({ failed, examples }: Outcome): void {
    expect(failed, examples.join('\n')).toBeLessThanOrEqual(UNDER_WAY_ON_ONE);
  }

  const fault = (what: string, rehearse: () => Promise<void>) =>
    test(what, { repeats: REPEATS, timeout: 120_000 }, rehearse);

  fault('loses nothing when nothing breaks', async () => {
    const outcome = await production.update();
    await expectWentThrough(outcome);
    expectNothingLost(outcome);
    expect(outcome.stalled, outcome.examples.join('\n')).toBe(0);
  });

  fault('waits for a host that the controller cannot reach, and loses nothing', async () => {
    const outcome = await production.update([
      halfway(() => cutHost(lab().name, 'web4', { kind: 'machine' })),
      onceNoticed(() => healNetwork(lab().name)),
    ]);
    await expectWentThrough(outcome);
    expectNothingLost(outcome);
  });

  fault('waits for a host whose sshd hangs, and loses nothing', async () => {
    const outcome = await production.update([
      halfway(() => freezeSshd(lab().name, 'web4')),
      onceNoticed(() => thawSshd(lab().name, 'web4')),
    ]);
    await expectWentThrough(outcome);
    expectNothingLost(outcome);
  });

  fault('waits for a host that lost its power', async () => {
    const outcome = await production.update([
      halfway(() => killHost(lab().name, 'web4')),
      { after: /waiting: /, act: () => startHost(lab().name, 'web4') },
    ]);
    await expectWentThrough(outcome, 3);
    expectLostOn(outcome);
  });

  fault('is taken back where the balancer cannot reach a host', async () => {
    const before = await production.releases();
    const outcome = await production.update([
      halfway(() => cutHost(lab().name, 'web5', { kind: 'host', host: 'lb1' })),
      { after: /TAKING BACK: web5/, act: () => healNetwork(lab().name) },
    ]);
    expect(outcome.output).not.toContain('succeeded');
    expect(outcome.minServing).toBeGreaterThanOrEqual(3);
    expect(outcome.serving, outcome.output).toBe(5);
    expect(await production.releases()).toEqual(before);
    expectLostOn(outcome);
    console.log(row(outcome));
  });

  fault('is refused by a full disk before anything is touched', async () => {
    const before = await production.releases();
    await fillDisk(lab().name, 'web3');
    const outcome = await production.update().finally(() => freeDisk(lab().name, 'web3'));
    expect(outcome.output, outcome.output).toContain('the disk of web3 is full');
    expect(outcome.output).not.toContain('succeeded');
    expect(outcome).toMatchObject({ minServing: 5, serving: 5 });
    expect(await production.releases()).toEqual(before);
    expectNothingLost(outcome);
    console.log(row(outcome));
  });

  fault('loses nothing when HAProxy is reloaded', async () => {
    const outcome = await production.update([
      halfway(() => production.on('lb1', 'systemctl', 'reload', 'haproxy')),
    ]);
    await expectWentThrough(outcome);
    expectNothingLost(outcome);
  });

  fault('goes on after HAProxy was killed', async () => {
    const outcome = await production.update([
      halfway(() => production.on('lb1', 'systemctl', 'kill', '--signal=KILL', 'haproxy')),
    ]);
    await expectWentThrough(outcome);
    expect(outcome.failed, outcome.examples.join('\n')).toBeLessThanOrEqual(OUTAGE_OF_HAPROXY);
  });

  fault(
    'unpacks nothing of an artifact that was altered on its way, sends it anew, and loses nothing',
    async () => {
      const killed = await production.serveAnew({ FAIRWAY_CRASH: 'before:install:1' });
      const outcome = await production.update([], async () => {
        await waitUntil('the controller to die', () => killed.hasEnded, 30_000);
        const { sha256, size } = await production.newestArtifact();
        const part = `/var/lib/fairway/incoming/${sha256}.part`;
        await production.on('web2', 'sh', '-c', `head -c ${size} /dev/urandom > ${part}`);
        production.control = await ControlServer.start(production.workspace);
      });
      await expectWentThrough(outcome);
      expectNothingLost(outcome);
    },
  );

  fault('has one controller: a second one on the same state refuses, and nothing is lost', async () => {
    const outcome = await production.update([
      halfway(() => expect(ControlServer.start(production.workspace)).rejects.toThrow(/already|running/)),
    ]);
    await expectWentThrough(outcome);
    expectNothingLost(outcome);
  });

  for (const [moment, kind, occurrence] of CRASHES) {
    fault(`is taken up where the controller was killed, ${moment} ${kind}, and loses nothing`, async () => {
      const killed = await production.serveAnew({ FAIRWAY_CRASH: `${moment}:${kind}:${occurrence}` });
      const outcome = await production.update([], async () => {
        await waitUntil('the controller to die', () => killed.hasEnded, 30_000);
        production.control = await ControlServer.start(production.workspace);
      });
      await expectWentThrough(outcome);
      expectNothingLost(outcome);
    });
  }

  fault('is taken up from a controller whose clock was an hour ahead, and loses nothing', async () => {
    const killed = await production.serveAnew({
      ...(await clockAhead('+3600')),
      FAIRWAY_CRASH: 'after:start:2',
    });
    const outcome = await production.update([], async () => {
      await waitUntil('the controller to die', () => killed.hasEnded, 30_000);
      production.control = await ControlServer.start(production.workspace);
    });
    await expectWentThrough(outcome);
    expectNothingLost(outcome);
  });
});

function row({ sent, failed, stalled, maxMs, minServing, samples, seconds }: Outcome): string {
  const name = expect.getState().currentTestName;
  return `${name}: ${seconds.toFixed(1)} s, ${failed} failed and ${stalled} stalled of ${sent} (slowest ${maxMs} ms), at least ${minServing} up in ${samples} looks`;
}

/** The environment of a program whose clock is wrong by so many seconds; its timers are not. */
async function clockAhead(seconds: string): Promise<NodeJS.ProcessEnv> {
  const { stdout: library } = await execa('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD']);
  return { LD_PRELOAD: library, FAKETIME: seconds, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}
