import { describe, expect, test } from 'vitest';
import { differences } from './difference.ts';
import { parseProduction } from './parse.ts';

const app = (section: string) =>
  parseProduction(`apps: { web: { runtime: node, ${section} } }`, '/srv/fairway.yml').apps[0]!;

describe('a difference', () => {
  test.each([
    ['instances: 2', 'instances: 5', 'instances: 2 → 5'],
    ['env: { MODE: a }', 'env: { MODE: b }', 'env.MODE: "a" → "b"'],
    ['env: {}', 'env: { camelCase_Ms: "1" }', 'env.camelCase_Ms: nothing → "1"'],
    ['env: { MODE: a }', 'env: {}', 'env.MODE: "a" → nothing'],
    ['health: { timeout: 2s }', 'health: { timeout: 90s }', 'health.timeout: 2s → 1m30s'],
    ['health: { start_timeout: 1m }', 'health: { start_timeout: 2m }', 'health.start_timeout: 1m → 2m'],
    ['health: { status: 200 }', 'health: { status: 200-299 }', 'health.status: 200 → 200-299'],
    ['route: { hosts: [] }', 'route: { hosts: [a.org] }', 'route.hosts: [] → ["a.org"]'],
    ['route: { max_body: 1mb }', 'route: { max_body: 1536kb }', 'route.max_body: 1mb → 1536kb'],
    ['limits: {}', 'limits: { memory: 1gb }', 'limits.memory: nothing → 1gb'],
    ['logs: { max_size: 1mb }', 'logs: { max_size: 2mb }', 'logs.max_size: 1mb → 2mb'],
    ['start: node a.js', 'start: node b.js', 'start: ["node", "a.js"] → ["node", "b.js"]'],
    ['deploy: { surge: 0 }', 'deploy: { surge: 1 }', 'deploy.surge: 0 → 1'],
    [
      'deploy: { hooks: {} }',
      'deploy: { hooks: { before_deploy: make } }',
      'deploy.hooks.before_deploy: nothing → ["make"]',
    ],
  ])('from %j to %j reads as in the file', (before, after, line) => {
    expect(differences(app(before), app(after))).toEqual([line]);
  });

  test('names instances that are on hosts of their own', () => {
    const on = (instances: string) =>
      parseProduction(
        `provider: ssh\nhosts: { lb1: { address: 10.0.0.9, roles: [balancer] }, "box[1-3]": { address: "10.0.0.[1-3]" } }\n` +
          `apps: { web: { runtime: node, instances: ${instances} } }`,
        '/srv/fairway.yml',
      ).apps[0]!;
    expect(differences(on('"box[1-2]"'), on('"box[1-3]"'))).toEqual([
      'instances: [box1, box2] → [box1, box2, box3]',
    ]);
  });

  test('is none between what is written in two ways', () => {
    expect(differences(app('env: { A: 1, B: 2 }'), app('env: { B: "2", A: "1" }, port_env: PORT'))).toEqual(
      [],
    );
  });

  test('never shows what looks like a secret', () => {
    const before = app('env: { API_TOKEN: t-old, DB: "postgres://me:p-old@db/x", PASSWORD: x }');
    const after = app('env: { API_TOKEN: t-new, DB: "postgres://db/x", SESSION_SECRET: s-new }');
    expect(differences(before, after)).toEqual([
      'env.API_TOKEN: changed (not shown)',
      'env.DB: changed (not shown)',
      'env.PASSWORD: removed (not shown)',
      'env.SESSION_SECRET: added (not shown)',
    ]);
  });
});
