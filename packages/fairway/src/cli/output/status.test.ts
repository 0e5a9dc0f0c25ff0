import { describe, expect, test } from 'vitest';
import type { AppOverview, Overview, PoolServer, RolloutRecord, SlotProcess } from '../../server/api.ts';
import { renderStatus } from './status.ts';
import { chooseStyle } from './style.ts';

const NOW = 1_800_000_000_000;
const CURRENT = '3f2a91c4d5e6-aa12bb34cc56';
const NEXT = '9bd0e1f2a3b4-dd12bb34cc56';
const plain = chooseStyle({ env: {}, isTerminal: false, columns: undefined, color: true });

function overviewOf(...apps: AppOverview[]): Overview {
  return {
    production: 'production',
    at: NOW,
    apps,
    configProblems: [],
    balancerUrl: 'http://127.0.0.1:8080',
    unreachable: [],
  };
}

function server(instance: string, more: Partial<PoolServer> = {}): PoolServer {
  const slot = more.slot ?? { app: 'shop', instance, slot: 'a' as const };
  return {
    slot,
    id: `shop/${instance}/${slot.slot}`,
    host: 'local',
    port: 4000,
    side: 'baseline',
    generation: `${CURRENT}+c1`,
    state: 'serving',
    healthy: true,
    inFlight: 0,
    ...more,
  };
}

function process(instance: string, more: Partial<SlotProcess> = {}): SlotProcess {
  return {
    slot: { app: 'shop', instance, slot: 'a' },
    host: 'local',
    state: 'running',
    generation: `${CURRENT}+c1`,
    port: 4000,
    restarts: 0,
    ...more,
  };
}

function shop(servers: PoolServer[], processes: SlotProcess[], more: Partial<AppOverview> = {}): AppOverview {
  return {
    app: 'shop',
    config: {
      instances: ['1', '2', '3'].map((name) => ({ name, host: 'local' })),
      route: { hosts: [], paths: ['/'] },
      deploy: { branch: 'production', strategy: 'rolling', maxUnavailable: 1, surge: 0 },
    },
    standing: {
      release: CURRENT,
      config: 'c1',
      rollout: 'shop-11',
      since: NOW - 2 * 3_600_000,
      subject: 'Fix the cart total',
      author: 'Anna',
      commit: '3f2a91c4d5e6f708192a3b4c5d6e7f8091a2b3c4',
    },
    pool: { servers, share: { basisPoints: 0, offset: 0 } },
    processes,
    queued: [],
    ...more,
  };
}

function rollout(more: Partial<RolloutRecord>): RolloutRecord {
  return {
    id: 'shop-12',
    app: 'shop',
    kind: 'deploy',
    status: 'moving',
    commit: '9bd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192',
    by: 'anna',
    why: '',
    requestedAt: NOW - 12_000,
    ...more,
  };
}

const quiet = shop(
  [server('1', { inFlight: 2 }), server('2', { inFlight: 1 }), server('3')],
  ['1', '2', '3'].map((name) => process(name)),
);

describe('the status', () => {
  test('of an app at rest says release, age, health and requests', () => {
    expect(renderStatus(overviewOf(quiet), plain)).toEqual([
      'production -> http://127.0.0.1:8080',
      '',
      'shop  3f2a91c  Fix the cart total  2 h ago  3 of 3 serving, 3 requests under way',
      '  1 serving  2 serving  3 serving',
    ]);
  });

  test('of an app that moves shows the release of each instance that has another one', () => {
    const moving = shop(
      [
        server('1', { generation: `${NEXT}+c1` }),
        server('2', { state: 'draining', inFlight: 4, drainDeadline: NOW + 9000 }),
        server('3'),
      ],
      [
        process('1', { generation: `${NEXT}+c1` }),
        process('2'),
        process('2', { slot: { app: 'shop', instance: '2', slot: 'b' }, generation: `${NEXT}+c1` }),
        process('3'),
      ],
      {
        rollout: rollout({}),
        queued: [rollout({ id: 'shop-13', commit: '77aa0123456789', by: 'bob', status: 'queued' })],
      },
    );
    expect(renderStatus(overviewOf(moving), plain).slice(2)).toEqual([
      'shop  3f2a91c  Fix the cart total  2 h ago  2 of 3 serving, 4 requests under way',
      '  1 serving 9bd0e1f  2 draining (4 left) + starting 9bd0e1f  3 serving',
      '  deploy 9bd0e1f moving for 12 s, by anna (shop-12)',
      '  then deploy 77aa012 by bob (shop-13)',
    ]);
  });

  test('of a canary says its share, its step, and what the judge says', () => {
    const steps = [
      { shareBasisPoints: 500, instances: 1, holdMs: 120_000 },
      { shareBasisPoints: 2_500, instances: 1, holdMs: 'manual' as const },
    ];
    const linesOf = (canary: AppOverview['canary']) =>
      renderStatus(overviewOf(shop([server('1')], [], { rollout: rollout({}), canary })), plain).filter(
        (line) => /canary|judge/.test(line),
      );
    const verdict = { outcome: 'pass' as const, sentence: 'canary 0.2 % failed of 1,204' };
    expect(linesOf({ step: 0, since: NOW - 34_000, steps, verdict })).toEqual([
      '  canary: 5 % of the users, step 1 of 2, for 34 s of 2 min',
      '  judge: pass, canary 0.2 % failed of 1,204',
    ]);
    expect(linesOf({ step: 1, since: NOW - 34_000, steps })).toEqual([
      '  canary: 25 % of the users, step 2 of 2, for 34 s until it is promoted',
    ]);
    expect(linesOf({ step: -1, since: NOW, steps })).toEqual([
      '  canary: its instances are being started, no users yet',
    ]);
  });

  test('says what is wrong with an instance, and how the last rollout ended', () => {
    const broken = shop(
      [server('1'), server('2', { healthy: false, lastFailure: '503 after 12 ms' })],
      [
        process('1'),
        process('2'),
        process('3', { state: 'backoff', restarts: 3, lastExit: { at: NOW, reason: 'exit code 1' } }),
      ],
      {
        lastRollout: rollout({
          status: 'taken-back',
          finishedAt: NOW - 300_000,
          outcome: 'shop/2 never became healthy',
        }),
      },
    );
    expect(renderStatus(overviewOf(broken), plain).slice(2)).toEqual([
      'shop  3f2a91c  Fix the cart total  2 h ago  1 of 3 serving',
      '  1 serving  2 unhealthy  3 crashed',
      '  2: 503 after 12 ms',
      '  3: exit code 1, restarted 3 times',
      '  deploy 9bd0e1f taken back 5 min ago: shop/2 never became healthy (shop-12)',
    ]);
  });

  test('of an app that was never deployed says how to', () => {
    const { standing: _, ...fresh } = shop([], []);
    expect(renderStatus(overviewOf(fresh), plain).slice(2)).toEqual([
      'shop  0 of 3 serving',
      '  not deployed yet; "fairway remote shop" says where to push',
    ]);
  });

  test('does not guess what serves while the balancer cannot be asked', () => {
    const { pool: _, ...blind } = quiet;
    expect(renderStatus(overviewOf(blind), plain).slice(2)).toEqual([
      'shop  3f2a91c  Fix the cart total  2 h ago  whether it serves is not known',
      '  1 running  2 running  3 running',
    ]);
  });

  test('names what cannot be reached and what is wrong with the configuration', () => {
    const overview = {
      ...overviewOf(),
      unreachable: ['balancer: connection refused'],
      configProblems: ['fairway.yml:3:5: apps: found nothing, expected an app'],
    };
    expect(renderStatus(overview, plain)).toEqual([
      'production -> http://127.0.0.1:8080',
      '!! cannot be reached: balancer: connection refused',
      '!! fairway.yml cannot be used; what runs keeps running:',
      '  fairway.yml:3:5: apps: found nothing, expected an app',
      '',
      'No apps. Add one to fairway.yml, then: fairway check',
    ]);
  });

  test('fits a narrow terminal: the subject is cut, instances wrap', () => {
    const narrow = chooseStyle({
      env: { LANG: 'C.UTF-8', NO_COLOR: '1' },
      isTerminal: true,
      columns: 64,
      color: true,
    });
    const wide = { ...quiet, standing: { ...quiet.standing!, subject: '修复购物车总额并重新计算所有折扣' } };
    const many = {
      ...wide,
      config: {
        ...wide.config!,
        instances: [1, 2, 3, 4, 5, 6].map((n) => ({ name: `${n}`, host: 'local' })),
      },
    };
    expect(renderStatus(overviewOf(many), narrow).slice(2)).toEqual([
      'shop  3f2a91c  …  2 h ago  3 of 6 serving, 3 requests under way',
      '  1 serving  2 serving  3 serving  4 down  5 down  6 down',
    ]);
    expect(renderStatus(overviewOf(many), { ...narrow, columns: 30 })[3]).toBe('  1 serving  2 serving');
  });

  test('has colours where they are wanted', () => {
    const colored = chooseStyle({
      env: { FORCE_COLOR: '1' },
      isTerminal: false,
      columns: undefined,
      color: true,
    });
    const [, , header, blocks] = renderStatus(overviewOf(quiet), colored);
    expect(header).toBe(
      '\u001b[1mshop\u001b[22m  \u001b[36m3f2a91c\u001b[39m  Fix the cart total  \u001b[2m2 h ago\u001b[22m  ' +
        '\u001b[32m3 of 3 serving\u001b[39m, 3 requests under way',
    );
    expect(blocks).toContain('1 \u001b[32mserving\u001b[39m');
  });

  test('shows escape sequences in a commit subject instead of obeying them', () => {
    const hostile = { ...quiet, standing: { ...quiet.standing!, subject: '\u001b[2Jgone' } };
    expect(renderStatus(overviewOf(hostile), plain).join('\n')).toContain('\\x1b[2Jgone');
    expect(renderStatus(overviewOf(hostile), plain).join('\n')).not.toContain('\u001b');
  });
});
