import type { Command } from 'commander';
import type { Act } from './command.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';

type Steering = 'abort' | 'pause' | 'resume' | 'promote';

interface SteerOptions {
  readonly reason?: string;
  readonly json?: boolean;
  /** Of promote alone. */
  readonly all?: boolean;
}

/** What abort, pause, resume and promote have in common: a rollout, named by its id or its app, and a reason. */
export function defineSteering(verb: Steering, command: Command, act: Act): void {
  command
    .argument('<rollout>', 'id of a rollout such as shop-12, or an app for the one that moves')
    .option('-r, --reason <text>', 'why, for the journal and the audit')
    .option('--json', 'print the rollout as JSON')
    .action(act((context, name: string, options: SteerOptions) => steer(context, verb, name, options)));
}

const DONE: Readonly<Record<Steering, string>> = {
  abort: 'is being taken back',
  pause: 'holds where it is; go on with: fairway resume',
  resume: 'goes on',
  promote: 'goes on to its next step',
};

async function steer(
  context: Context,
  verb: Steering,
  name: string,
  options: SteerOptions,
): Promise<ExitCode> {
  const client = await context.client();
  const overview = await client.overview();
  const app = overview.apps.find((one) => one.app === name);
  if (app && !app.rollout) {
    throw new UsageError(
      `no rollout of ${name} is under way`,
      `see what there was: fairway rollouts ${name}`,
    );
  }
  const id = app?.rollout?.id ?? name;
  const rollout =
    verb === 'promote'
      ? await client.promote(id, options.all ?? false, options.reason)
      : await client.steer(verb, id, options.reason);
  if (options.json) context.printJson(rollout);
  else context.print(`${rollout.id} ${DONE[verb]}${verb === 'pause' ? ` ${rollout.id}` : ''}`);
  if (verb === 'abort' && !options.json) context.note(`Follow it with: fairway show ${rollout.id} --follow`);
  return EXIT.success;
}
