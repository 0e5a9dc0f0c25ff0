import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DeployRequest } from '../../server/api.ts';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { type StartOptions, startOptions, startRollout } from '../start-rollout.ts';

interface DeployOptions extends StartOptions {
  readonly commit?: string;
  readonly path?: string;
  readonly fetch?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        "Build and roll out an app without a push: a commit that was pushed before, a folder of this machine, or (without either) the newest commit of the app's repository.",
      )
      .argument('<app>', 'name of the app in fairway.yml')
      .option('-c, --commit <id>', 'a commit that was pushed, 7 to 40 hexadecimal digits')
      .option('-p, --path <dir>', "a folder's files as they are, committed or not")
      .option('--fetch', "with --commit: fetch it from the app's `repository:`")
      .action(act((context, app: string, options: DeployOptions) => deploy(context, app, options)));
    startOptions(command);
    examples(
      command,
      ['fairway deploy shop', "the newest commit of the app's `repository:`"],
      ['fairway deploy shop --commit 3f2a91c --reason "the fix, again"', 'a commit that was pushed before'],
      ['fairway deploy shop --path ../shop', 'the files of a folder, without a commit'],
    );
  },
};

async function deploy(context: Context, app: string, options: DeployOptions) {
  const request = requestOf(context, options);
  return startRollout(context, options, (client) => client.deploy(app, request));
}

function requestOf(context: Context, { commit, path, fetch, reason }: DeployOptions): DeployRequest {
  if (commit !== undefined && path !== undefined) {
    throw new UsageError('--commit and --path exclude each other', 'name a commit, or a folder');
  }
  const why = reason === undefined ? {} : { reason };
  if (path !== undefined) {
    const directory = resolve(context.surroundings.cwd, path);
    if (context.isRemote) {
      throw new UsageError(
        '--path needs the control server on this machine',
        'push instead: fairway remote says where to',
      );
    }
    if (!existsSync(directory)) throw new UsageError(`there is no folder ${directory}`, 'check --path');
    return { directory, ...why };
  }
  if (commit === undefined) return { fromRepository: true, ...why };
  if (!/^[0-9a-f]{7,40}$/.test(commit)) {
    throw new UsageError(
      `"${commit}" is no commit id: 7 to 40 hexadecimal digits`,
      'find it with: git log --oneline',
    );
  }
  return { commit, ...(fetch ? { fromRepository: true } : {}), ...why };
}
