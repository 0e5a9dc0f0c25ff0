import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SupervisorClient, SupervisorSilent } from './supervisor-client.ts';

it('does not wait for ever for a supervisor that accepts and never answers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairway-silent-'));
  const socketPath = join(folder, 'supervisor.sock');
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = new SupervisorClient(socketPath, { questionTimeoutMs: 500 });
  await expect(client.get('/slots?app=web')).rejects.toThrow(SupervisorSilent);
  await client.close();
  server.close();
  await rm(folder, { recursive: true });
});
