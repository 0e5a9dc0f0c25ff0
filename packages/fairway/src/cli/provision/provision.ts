import { resolve } from 'node:path';
import { requireProvisioned } from '../../config/not-provisioned.ts';
import type { Production } from '../../config/production.ts';
import { readProduction } from '../../config/read.ts';
import { createMachines } from '../../provision/machines.ts';
import type { ProvisionPlace } from '../../provision/place.ts';
import { progressOf, withEvent } from '../../provision/progress.ts';
import { configureMachines } from '../../provision/provision.ts';
import { type ProvisionHolder, withProvisionLock } from '../../provision/provision-lock.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { renderDrift } from '../output/drift.ts';
import { renderFailures, renderHosts } from '../output/provision.ts';
import { person } from '../person.ts';
import { makeStateDirectory } from '../serve/state-directory.ts';
import { agreeToCreate, agreeToKeys } from './agree.ts';
import { destroy } from './destroy.ts';
import { LiveHosts } from './live-hosts.ts';
import type { ProvisionOptions } from './options.ts';
import { ProvisionFailed } from './provision-failed.ts';
import { provisionJson } from './result.ts';

export async function provision(context: Context, options: ProvisionOptions): Promise<ExitCode> {
  const stateDirectory = context.stateDirectory();
  const place: ProvisionPlace = {
    configFile: context.configFile(),
    stateDirectory,
    env: context.surroundings.env,
    signal: context.surroundings.interruption(),
  };
  const production = await readProduction(place.configFile, stateDirectory);
  refuseLocal(production);
  requireKnownHosts(production, options.limit);
  makeStateDirectory(stateDirectory);
  return withProvisionLock(stateDirectory, holderOf(context, options), async () => {
    if (options.destroy !== undefined) return destroy(context, production, place, options);
    if (options.check) requireProvisioned(production);
    else {
      await agreeToCreate(context, production, options);
      await createMachines(production, { ...place, say: (line) => context.note(line) });
    }
    return configure(context, production, place, options);
  });
}

function holderOf({ surroundings }: Context, { check, destroy: isEnd }: ProvisionOptions): ProvisionHolder {
  const option = check ? ' --check' : isEnd === undefined ? '' : ' --destroy';
  return {
    pid: process.pid,
    by: person(surroundings.env),
    command: `fairway provision${option}`,
    since: surroundings.now(),
  };
}

/** Sets machines up with the progress shown, or shows what that would change. */
export async function configure(
  context: Context,
  production: Production,
  place: ProvisionPlace,
  options: ProvisionOptions,
): Promise<ExitCode> {
  const { surroundings, style } = context;
  const startedAt = surroundings.now();
  let progress = progressOf(options.limit ?? production.hosts.map(({ name }) => name));
  const live = new LiveHosts(context, { isShown: options.json !== true, isCheck: options.check === true });
  const end = await configureMachines(place, {
    ...(options.limit && { limit: options.limit }),
    isCheck: options.check === true,
    trusted: (options.knownHosts ?? []).map((file) => resolve(surroundings.cwd, file)),
    accept: (unknown) => agreeToKeys(context, unknown, options),
    onEvent: (event) => {
      progress = withEvent(progress, event);
      live.show(progress, event);
    },
  }).finally(() => live.end());
  if (place.signal.aborted) return EXIT.interrupted;
  const hosts = [...progress.values()];
  const ms = surroundings.now() - startedAt;
  if (options.json) context.printJson(provisionJson(hosts, ms));
  else {
    if (options.check) context.print(...renderDrift(hosts, style));
    context.print(...renderHosts(hosts, ms, options.check === true, style));
    context.note(...renderFailures(hosts, style));
  }
  const failed = hosts.filter(({ state }) => state === 'failed' || state === 'unreachable');
  if (failed.length > 0 || end.exitCode !== 0)
    throw new ProvisionFailed(failed, production.hosts.length, end);
  return EXIT.success;
}

function refuseLocal({ provider }: Production): void {
  if (provider !== 'local') return;
  throw new UsageError(
    'with provider local there is nothing to set up: everything runs on this machine',
    'start it with: fairway serve',
  );
}

function requireKnownHosts({ hosts }: Production, limit: readonly string[] | undefined): void {
  const unknown = (limit ?? []).filter((name) => !hosts.some((host) => host.name === name));
  if (unknown.length === 0) return;
  const names = hosts.map(({ name }) => name).join(', ');
  throw new UsageError(`fairway.yml has no host ${unknown.join(', ')}`, `its hosts are ${names}`);
}
