import { describe, expect, it } from 'vitest';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import type { NewServer, PoolDefinition } from '../balancer.ts';
import { admit, type Change, declare, health, register, setShare } from '../embedded/changes.ts';
import { emptyRegistry } from '../embedded/registry-state.ts';
import { place } from './place.ts';
import { configurationOf, needsReload, renderFiles } from './render.ts';
import { emptyState, type HaproxyState, readState } from './state.ts';

const slot = (app: string, instance: string) => ({ app, instance, slot: 'a' as const });

function server(app: string, instance: string, changes: Partial<NewServer> = {}): NewServer {
  return {
    slot: slot(app, instance),
    host: '10.0.0.1',
    port: 20_001,
    side: 'baseline',
    generation: 'r1+c1',
    ...changes,
  };
}

/** The state after these changes, one by one, as the balancer makes them. */
function after(...changes: Change[]): HaproxyState {
  return changes.reduce((state, change) => place(state, change(state.registry), (host) => host), emptyState);
}

function sectionOf(configuration: string, backend: string): string {
  return configuration.split('\n\n').find((section) => section.startsWith(`backend ${backend}\n`)) ?? '';
}

const shop = poolDefinition('shop', { route: { hosts: ['shop.test', '*.shop.test'], paths: ['/', '/api'] } });

describe('the configuration of HAProxy', () => {
  it('is the same for the same state, and read back as it was', () => {
    const state = after(declare(shop), register(server('shop', '1')));
    expect(renderFiles(state)).toEqual(renderFiles(readState(renderFiles(state)['registry.json'])));
  });

  it('has a backend for the baseline, one for the canary that the baseline stands in for, and one without checks', () => {
    const { 'fairway.cfg': text } = renderFiles(after(declare(shop)));
    expect(sectionOf(text, 'shop').split('\n').slice(0, 13)).toMatchInlineSnapshot(`
      [
        "backend shop",
        "  balance leastconn",
        "  timeout connect 1000ms",
        "  timeout server 10000ms",
        "  http-request set-var(txn.head_bytes) req.hdrs,length",
        "  http-request set-var(txn.head_bytes) url,length,add(txn.head_bytes)",
        "  http-request return status 431 content-type text/plain hdr cache-control no-store string "request headers too large\\n" if { var(txn.head_bytes) -m int gt 16384 }",
        "  http-request return status 413 content-type text/plain hdr cache-control no-store string "request body too large\\n" if { req.body_size gt 1000000 }",
        "  option httpchk",
        "  http-check send meth GET uri "/health" ver HTTP/1.1 hdr "host" "shop.test" hdr "user-agent" "fairway-health-check" hdr "connection" "close"",
        "  http-check expect status 200-299",
        "  timeout check 1000ms",
        "  default-server check inter 100ms fastinter 100ms downinter 100ms rise 1 fall 2 observe layer4 error-limit 1 on-error mark-down",
      ]
    `);
    expect(sectionOf(text, 'shop:canary')).toContain(
      'server b16 b16.invalid:1 no-check track shop/s16 backup',
    );
    expect(sectionOf(text, 'shop:unchecked')).not.toContain('check inter');
  });

  it('is not touched by what instances do: that takes no reload', () => {
    const before = renderFiles(after(declare(shop)));
    const now = renderFiles(
      after(
        declare(shop),
        register(server('shop', '1')),
        register(server('shop', '2', { side: 'canary' })),
        health(slot('shop', '1'), true, undefined),
        admit(slot('shop', '1')),
        setShare('shop', { basisPoints: 500, offset: 77 }),
      ),
    );
    expect(needsReload(before, now)).toBe(false);
    expect(now['splits.map']).toBe('shop 5000077\n');
    expect(now['servers.state']).toContain(' shop 0 s1 10.0.0.1 2 0 ');
    expect(now['servers.state']).toContain(' shop:canary 0 s2 10.0.0.1 0 8 ');
  });

  it('changes with routes, limits, checks and timeouts, and says which one it is', () => {
    const before = renderFiles(after(declare(shop)));
    const changes: PoolDefinition[] = [
      { ...shop, route: { ...shop.route, paths: ['/'] } },
      { ...shop, route: { ...shop.route, maxBodyBytes: 1 } },
      { ...shop, health: { ...shop.health, path: '/other' } },
      { ...shop, timeouts: { ...shop.timeouts, connectMs: 5 } },
    ];
    for (const changed of changes) {
      const now = renderFiles(after(declare(shop), declare(changed)));
      expect(needsReload(before, now)).toBe(true);
      expect(configurationOf(now['fairway.cfg'])).not.toBe(configurationOf(before['fairway.cfg']));
    }
  });

  it('has a check of its own for servers that bring one, on half of the free lines at once', () => {
    const other = { ...shop.health, path: '/own' };
    const first = after(
      declare(shop),
      register(server('shop', '1')),
      register(server('shop', '2', { health: other })),
    );
    const { 'fairway.cfg': text } = renderFiles(first);
    const backend = /^backend (shop:check:\w+)$/m.exec(text)![1]!;
    expect(sectionOf(text, backend)).toContain('uri "/own"');
    expect(text).toContain(`server s2 s2.invalid:1 no-check track ${backend}/s2`);
    expect(text).toContain('  server s1 s1.invalid:1\n');
    const second = place(
      first,
      register(server('shop', '3', { health: other }))(first.registry),
      (host) => host,
    );
    expect(needsReload(renderFiles(first), renderFiles(second))).toBe(false);
  });

  it('grows when an app has more servers than lines, and keeps each on its line', () => {
    const names = Array.from({ length: 17 }, (_, index) => String(index + 1));
    const state = after(declare(shop), ...names.map((name) => register(server('shop', name))));
    expect(state.placements.shop!.size).toBe(32);
    expect(Object.values(state.placements.shop!.lines).map(({ number }) => number)).toEqual(
      names.map(Number),
    );
  });

  it('gives a replaced server another line, and the left one to the last in the row', () => {
    const state = after(
      declare(shop),
      register(server('shop', '1')),
      register(server('shop', '1', { generation: 'r2+c1' })),
      register(server('shop', '2')),
    );
    const { lines } = state.placements.shop!;
    expect([lines['shop/1/a']?.number, lines['shop/2/a']?.number]).toEqual([2, 3]);
  });
});

describe('the routes of HAProxy', () => {
  it('hold for each host all that leads from it: the longest path wins, then the more specific host', () => {
    const any = poolDefinition('any', { route: { hosts: [], paths: ['/', '/any'] } });
    const files = renderFiles(after(declare(shop), declare(any)));
    expect(files['hosts.map']).toBe('.shop.test *.shop.test\nshop.test shop.test\n');
    expect(files['routes.map'].split('\n')).toEqual([
      '*/ any',
      '*/any/ any',
      '*.shop.test/ shop',
      '*.shop.test/any/ any',
      '*.shop.test/api/ shop',
      'shop.test/ shop',
      'shop.test/any/ any',
      'shop.test/api/ shop',
      '',
    ]);
  });
});

describe('values from users', () => {
  const hostile = 'x" hdr a b\\" $HOME ${PATH} %[env(HOME)] \\';

  it('are one word each, in which HAProxy replaces nothing', () => {
    const pool = { ...shop, health: { ...shop.health, headers: { 'x-test': hostile } } };
    const { 'fairway.cfg': text } = renderFiles(after(declare(pool)));
    expect(text).toContain(
      'hdr "x-test" "x\\" hdr a b\\\\\\" \\$HOME \\${PATH} %%[env(HOME)] \\\\" hdr "connection" "close"\n',
    );
  });

  it.each([
    ['app', { ...shop, app: 'shop\nbackend x' }],
    ['host', { ...shop, route: { ...shop.route, hosts: ['a b'] } }],
    ['path', { ...shop, route: { ...shop.route, paths: ['/a b'] } }],
    ['health path', { ...shop, health: { ...shop.health, path: '/x\n  server evil 1.2.3.4:80' } }],
    ['header', { ...shop, health: { ...shop.health, headers: { a: 'b\nbackend x' } } }],
  ])('that would be more than one word are refused: %s', (_what, pool) => {
    const state = place(emptyState, declare(pool)(emptyRegistry), (host) => host);
    expect(() => renderFiles(state)).toThrow(/cannot be given to HAProxy: expected/);
  });
});
