import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '../demo/workspace.ts';

export interface Answered {
  readonly tookMs: number;
  /** When the answer was read: `performance.now()`. */
  readonly at: number;
}

/** Raises an alert as a monitoring system would: a webhook, signed with the server's key. */
export async function raiseAlert(workspace: Workspace, app: string, reason: string): Promise<Answered> {
  const [server, key] = await Promise.all([
    readFile(join(workspace.state, 'server.json'), 'utf8'),
    readFile(join(workspace.state, 'alerts.key'), 'utf8'),
  ]);
  const { url } = JSON.parse(server) as { url: string };
  const body = JSON.stringify({ app, reason, source: 'demo' });
  const seconds = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', key.trim()).update(`${seconds}.${body}`).digest('hex');
  const began = performance.now();
  const answer = await fetch(new URL('/alerts', url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-fairway-signature': `t=${seconds},v1=${signature}`,
    },
    body,
  });
  const text = await answer.text();
  const at = performance.now();
  if (answer.status !== 202) throw new Error(`the alert was answered with ${answer.status}: ${text}`);
  return { tookMs: Math.round((at - began) * 10) / 10, at };
}
