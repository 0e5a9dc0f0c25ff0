import { describe, expect, test } from 'vitest';
import { parseProduction } from './parse.ts';
import { buildKey, DamagedPin, launchDigest, pinApp, unpinApp } from './pin.ts';

const BASE = 'runtime: node, instances: 3';
const app = (section: string) => parseProduction(`apps: { web: { ${section} } }`, 'fairway.yml').apps[0]!;
const base = app(BASE);

test('a pinned configuration comes back as it was', () => {
  const full = app(
    `${BASE}, start: node a.js, env: { A: 1 }, limits: { memory: 64mb }, deploy: { surge: all }`,
  );
  expect(unpinApp(pinApp(full).json)).toEqual(full);
});

test('the digest is of what is meant, not of how it is written', () => {
  const one = app(`${BASE}, env: { A: 1, B: 2 }, health: { timeout: 60s }`);
  const other = app(
    'health: { timeout: 1m }, env: { "B": "2", "A": "1" }, instances: 3, runtime: { type: node }',
  );
  expect(pinApp(one).digest).toBe(pinApp(other).digest);
  expect(pinApp(one).digest).toMatch(/^[0-9a-f]{12}$/);
  expect(pinApp(one).digest).not.toBe(pinApp(base).digest);
});

test('a damaged pin says so', () => {
  for (const json of ['', '{', '{}', 'null', '[]']) expect(() => unpinApp(json)).toThrow(DamagedPin);
});

describe('instances', () => {
  test.each([
    'env: { A: 1 }',
    'start: node other.js',
    'port_env: HTTP_PORT',
    'limits: { memory: 64mb }',
    'directory: site',
    'logs: { keep: 9 }',
    'deploy: { stop_timeout: 1s }',
    'health: { path: /x }',
  ])('are replaced for a change of %s', (change) => {
    expect(launchDigest(app(`${BASE}, ${change}`))).not.toBe(launchDigest(base));
  });

  test.each([
    'route: { hosts: [a.org] }',
    'deploy: { surge: 1, soak: 5s, keep: 9 }',
    'build: make',
    'build_timeout: 1m',
    'repository: https://example.org/x',
  ])('are left alone for a change of %s', (change) => {
    expect(launchDigest(app(`${BASE}, ${change}`))).toBe(launchDigest(base));
  });

  test('of two apps that are alike in everything else are told apart, for each is told its name', () => {
    const [one, other] = parseProduction(
      'apps: { web: { runtime: node, route: { hosts: [a.org] } }, api: { runtime: node, route: { hosts: [b.org] } } }',
      'fairway.yml',
    ).apps;
    expect(launchDigest(one!)).not.toBe(launchDigest(other!));
  });

  test('are left alone when their number changes', () => {
    expect(launchDigest(app('runtime: node, instances: 5'))).toBe(launchDigest(base));
  });
});

describe('a commit', () => {
  test.each(['build: make', 'directory: site', 'start: node a.js'])(
    'is built again for a change of %s',
    (change) => {
      expect(buildKey(app(`${BASE}, ${change}`))).not.toBe(buildKey(base));
    },
  );

  test('is built again for another version of Node', () => {
    expect(buildKey(app('runtime: { type: node, version: 22 }'))).not.toBe(buildKey(base));
  });

  test.each(['env: { A: 1 }', 'port_env: P', 'route: { hosts: [a.org] }'])(
    'is not built again for a change of %s',
    (change) => {
      expect(buildKey(app(`${BASE}, ${change}`))).toBe(buildKey(base));
    },
  );

  test('is not built again when one start command takes the place of another', () => {
    expect(buildKey(app(`${BASE}, start: node a.js`))).toBe(buildKey(app(`${BASE}, start: node b.js`)));
  });

  test('of static pages is built again for another variable of the port, which its server is told at build', () => {
    expect(buildKey(app('runtime: static, port_env: P'))).not.toBe(buildKey(app('runtime: static')));
  });
});
