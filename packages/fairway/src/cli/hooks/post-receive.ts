import { setTimeout as pause } from 'node:timers/promises';
import type { DeployRequest, RolloutRecord } from '../../server/api.ts';
import type { Client } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { followRollout } from '../follow-rollout.ts';
import { renderReport, report } from '../output/report.ts';
import { pushReason } from '../person.ts';
import { readUpdates } from './updates.ts';

/** How long a server that restarts just now is waited for: the push has been accepted already. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 500;

/**
 * Deploys what was pushed and tells how it goes to the person who pushed. Git ignores the exit code, and the branch has
 * moved: what goes wrong from here on must be said out loud.
 */
export async function postReceive(context: Context, app: string): Promise<ExitCode> {
  // Before anything else: from here on Ctrl-C or a broken connection ends the printing, never the deploy.
  const signal = context.surroundings.interruption();
  const updates = await readUpdates(context.surroundings);
  const { env } = context.surroundings;
  const why = pushReason(env);
  const client = await context.client();
  let exitCode: ExitCode = EXIT.success;
  for (const { newCommit } of updates) {
    const request: DeployRequest = { commit: newCommit, ...(why === undefined ? {} : { reason: why }) };
    exitCode = Math.max(exitCode, await deploy(context, client, app, request, signal));
  }
  return exitCode;
}

async function deploy(
  context: Context,
  client: Client,
  app: string,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<ExitCode> {
  let asked: RolloutRecord;
  try {
    asked = await askPatiently(context, client, app, request);
  } catch (error) {
    const found = report(error, { debug: false, logFile: undefined });
    const [what = '', ...rest] = renderReport(found, context.style);
    context.print(
      what.replace('Error:', `${context.style.symbols.bad} Pushed, but NOT DEPLOYED:`),
      ...rest,
      `Then: fairway deploy ${app} --commit ${request.commit?.slice(0, 12)}`,
    );
    return found.exitCode;
  }
  context.print(
    `${asked.id} deploys ${request.commit?.slice(0, 12)}; Ctrl-C ends this view, not the deploy.`,
  );
  return await followRollout(context, client, asked, signal);
}

async function askPatiently(
  context: Context,
  client: Client,
  app: string,
  request: DeployRequest,
): Promise<RolloutRecord> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await client.deploy(app, request);
    } catch (error) {
      const { name, status } = error as { name: string; status?: number };
      const mayPass = name === 'ServerUnreachable' || status === 503;
      if (!mayPass || performance.now() >= deadline) throw error;
      if (isFirst) context.print('The push is accepted; waiting up to 30 s for the control server.');
      await pause(PAUSE_MS);
    }
  }
}
