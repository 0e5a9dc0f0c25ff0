import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { socketPath } from './socket-path.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairway-socket-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('puts a socket into the state directory, in a folder that only its owner may enter', () => {
  const path = socketPath(folder, 'balancer/balancer.sock');
  expect(path).toBe(join(folder, 'balancer/balancer.sock'));
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  chmodSync(dirname(path), 0o755);
  socketPath(folder, 'balancer/balancer.sock');
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

it('puts a socket whose path would be too long into a private folder of /tmp, whatever TMPDIR says', () => {
  const long = join(folder, 'x'.repeat(100));
  const path = socketPath(long, 'balancer/balancer.sock');
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
  expect(dirname(dirname(path))).toBe('/tmp');
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  vi.stubEnv('TMPDIR', folder);
  expect(socketPath(long, 'balancer/balancer.sock')).toBe(path);
  vi.unstubAllEnvs();
  expect(socketPath(`${long}y`, 'balancer/balancer.sock')).not.toBe(path);
  expect(socketPath(long, 'supervisor/supervisor.sock')).not.toBe(path);
  for (const name of [path, socketPath(`${long}y`, 'x')]) rmSync(dirname(name), { recursive: true });
});
