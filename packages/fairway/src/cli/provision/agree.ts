import type { Production } from '../../config/production.ts';
import { describeUnknownHosts, type UnknownHost } from '../../provision/host-keys-not-accepted.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { count } from '../output/words.ts';
import type { ProvisionOptions } from './options.ts';

/** Shows the fingerprints of new hosts and asks whether they are right; without a terminal only the option says so. */
export async function agreeToKeys(
  context: Context,
  unknown: readonly UnknownHost[],
  options: ProvisionOptions,
): Promise<boolean> {
  if (!options.acceptHostKeys && !canAsk(context)) return false;
  context.note(
    'New hosts, and the keys that they show:',
    ...describeUnknownHosts(unknown).map((line) => `  ${line}`),
  );
  if (options.acceptHostKeys) return true;
  return ask(`Are these the keys of ${count(unknown.length, 'machine')} of yours?`);
}

/** Machines cost money with provider aws: they are made only when somebody wants them. */
export async function agreeToCreate(
  context: Context,
  production: Production,
  options: ProvisionOptions,
): Promise<void> {
  const missing = production.hosts.filter(({ isCreated, address }) => isCreated && address === undefined);
  if (missing.length === 0 || production.provider !== 'aws' || options.yes) return;
  const names = missing.map(({ name }) => name).join(', ');
  if (!canAsk(context)) {
    throw new UsageError(
      `this would create ${count(missing.length, 'machine')} (${names}), and there is no terminal to ask on`,
      'say so with: fairway provision --yes',
    );
  }
  if (!(await ask(`Create ${count(missing.length, 'machine')} (${names})?`)))
    throw new UsageError('nothing was created');
}

export function canAsk({ surroundings, style }: Context): boolean {
  return surroundings.stdin.isTTY === true && style.columns !== undefined;
}

async function ask(message: string): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  return (await confirm({ message, initialValue: false })) === true;
}
