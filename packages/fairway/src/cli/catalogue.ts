import type { Verb } from './command.ts';

/** A verb as the overview of all commands shows it; the rest of it is loaded only when it is used. */
export interface CatalogueEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  readonly isHidden?: boolean;
  load(): Promise<{ readonly verb: Verb }>;
}

const START = 'Start:';
const RELEASE = 'Release:';
const LOOK = 'Look:';
const OPERATE = 'Operate:';
const INTERNAL = 'Internal:';

export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: 'init',
    summary: 'write a fairway.yml for the app in this folder',
    group: START,
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'check',
    summary: 'check fairway.yml and name every problem in it',
    group: START,
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'provision',
    summary: 'create the machines and set them up',
    group: START,
    load: () => import('./commands/provision.ts'),
  },
  {
    name: 'serve',
    summary: 'run the control server',
    group: START,
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'remote',
    summary: 'say where to push an app',
    group: START,
    load: () => import('./commands/remote.ts'),
  },
  {
    name: 'plan',
    summary: 'show what a deploy, rollback or apply would do; change nothing',
    group: RELEASE,
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'deploy',
    summary: 'build and roll out an app without a push',
    group: RELEASE,
    load: () => import('./commands/deploy.ts'),
  },
  {
    name: 'rollback',
    summary: 'go back to the previous good release, or a named one',
    group: RELEASE,
    load: () => import('./commands/rollback.ts'),
  },
  {
    name: 'apply',
    summary: 'adopt a changed fairway.yml',
    group: RELEASE,
    load: () => import('./commands/apply.ts'),
  },
  {
    name: 'abort',
    summary: 'end a rollout now and take back what it touched',
    group: RELEASE,
    load: () => import('./commands/abort.ts'),
  },
  {
    name: 'alert',
    summary: 'say that something is wrong, and take back the canary of an app',
    group: RELEASE,
    load: () => import('./commands/alert.ts'),
  },
  {
    name: 'promote',
    summary: "end a canary's present step, or all of them",
    group: RELEASE,
    load: () => import('./commands/promote.ts'),
  },
  {
    name: 'pause',
    summary: 'hold a rollout where it is',
    group: RELEASE,
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'let a paused rollout go on',
    group: RELEASE,
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'status',
    summary: 'apps, releases, instances and rollouts at a glance',
    group: LOOK,
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'releases',
    summary: 'list the kept releases of an app',
    group: LOOK,
    load: () => import('./commands/releases.ts'),
  },
  {
    name: 'rollouts',
    summary: 'list rollouts, newest first',
    group: LOOK,
    load: () => import('./commands/rollouts.ts'),
  },
  {
    name: 'show',
    summary: 'tell what a rollout decided, and why',
    group: LOOK,
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'logs',
    summary: "print an app's logs",
    group: LOOK,
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'audit',
    summary: 'list who did what, and why',
    group: LOOK,
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'run',
    summary: "run a command once in an app's current release",
    group: OPERATE,
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'secrets',
    summary: 'set, list and remove what apps must be told in secret',
    group: OPERATE,
    load: () => import('./commands/secrets.ts'),
  },
  {
    name: 'doctor',
    summary: 'examine every machine and say what to do about what is wrong',
    group: OPERATE,
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'token',
    summary: 'add, list and remove access tokens',
    group: OPERATE,
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'balancer',
    summary: 'restart the balancer without losing a request',
    group: OPERATE,
    load: () => import('./commands/balancer.ts'),
  },
  {
    name: 'down',
    summary: 'stop everything that Fairway runs on this machine',
    group: OPERATE,
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'lab',
    summary: 'real machines on this one, to rehearse on',
    group: OPERATE,
    load: () => import('./commands/lab.ts'),
  },
  {
    name: 'hook',
    summary: 'answer a git hook (git calls this)',
    group: INTERNAL,
    isHidden: true,
    load: () => import('./commands/hook.ts'),
  },
];
