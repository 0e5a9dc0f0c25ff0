import { expect, it } from 'vitest';
import type { Release } from '../build/release.ts';
import type { App } from '../config/production.ts';
import { launchFor } from './launch.ts';

const release = { id: 'r1', commit: 'c1', launch: { command: ['x'], directory: '.', path: [] } };
const app = { name: 'web', runtime: { type: 'command' }, portEnv: 'PORT', env: {}, deploy: {}, limits: {} };

function hostTold(address: string, env: Record<string, string> = {}): string | undefined {
  const place = { instance: '1', port: 4000, address };
  const config = { ...app, env } as unknown as App;
  return launchFor(release as unknown as Release, config, 'r1+c1', place, undefined).env.HOST;
}

it('has an app listen where its balancer is, and nowhere else', () => {
  expect(hostTold('127.0.0.1')).toBe('127.0.0.1');
  expect(hostTold('10.0.0.21')).toBe('0.0.0.0');
});

it('lets the configuration have another address', () => {
  expect(hostTold('10.0.0.21', { HOST: '10.0.0.21' })).toBe('10.0.0.21');
});
