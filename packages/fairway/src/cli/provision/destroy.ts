import { readMachines } from '../../config/machines.ts';
import type { Production } from '../../config/production.ts';
import { destroyMachines } from '../../provision/machines.ts';
import type { ProvisionPlace } from '../../provision/place.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { count } from '../output/words.ts';
import { canAsk } from './agree.ts';
import type { ProvisionOptions } from './options.ts';

/** Destroys the machines that were created, after the name of the production was given. */
export async function destroy(
  context: Context,
  production: Production,
  place: ProvisionPlace,
  options: ProvisionOptions,
): Promise<ExitCode> {
  if (production.provider === 'ssh') {
    throw new UsageError(
      'machines of provider ssh are yours: Fairway did not create them, and destroys none',
      'switch them off where you got them',
    );
  }
  if (options.limit)
    throw new UsageError('--destroy destroys all created machines; --limit cannot be used with it');
  const machines = await readMachines(place.stateDirectory);
  const names = Object.keys(machines);
  if (names.length === 0) {
    context.print('There is no machine that was created.');
    return EXIT.success;
  }
  await requireName(context, production, names, options.destroy);
  await destroyMachines(production, { ...place, say: (line) => context.note(line) });
  if (options.json) context.printJson({ destroyed: names });
  else context.print(`Destroyed ${count(names.length, 'machine')}: ${names.join(', ')}.`);
  return EXIT.success;
}

async function requireName(
  context: Context,
  { name }: Production,
  machines: readonly string[],
  given: boolean | string | undefined,
): Promise<void> {
  const what = `${count(machines.length, 'machine')} (${machines.join(', ')}) with all data on them`;
  const typed = typeof given === 'string' ? given : await askForName(context, what, name);
  if (typed === name) return;
  throw new UsageError(
    `"${typed}" is not the name of the production, which is "${name}"; nothing was destroyed`,
    `to destroy ${what}: fairway provision --destroy=${name}`,
  );
}

async function askForName(context: Context, what: string, name: string): Promise<string> {
  if (!canAsk(context)) {
    throw new UsageError(
      `this would destroy ${what}, and there is no terminal to ask on`,
      `say so with: fairway provision --destroy=${name}`,
    );
  }
  const { text } = await import('@clack/prompts');
  const answer = await text({ message: `This destroys ${what}. Type the name of the production to go on:` });
  return typeof answer === 'string' ? answer : '';
}
