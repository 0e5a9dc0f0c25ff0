import type { Production } from '../../config/production.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';

/** The option that names a lab, as all commands but `list` have it. */
export const NAME_OPTION = [
  '--name <name>',
  'which lab (default: that of fairway.yml with provider lab, or the only one there is)',
] as const;

export interface NameOption {
  readonly name?: string;
}

/** The lab that a command is about. */
export async function chooseLab(context: Context, { name }: NameOption): Promise<string> {
  const { requireLabMachine } = await import('../../lab/requirements.ts');
  requireLabMachine();
  if (name !== undefined) return name;
  const production = await labProduction(context);
  if (production) return production.name;
  const { listLabs } = await import('../../lab/lab.ts');
  const names = listLabs().map((lab) => lab.name);
  if (names.length === 1) return names[0]!;
  if (names.length === 0)
    throw new UsageError('there is no lab here', 'make one with: fairway lab up box[1-3]');
  throw new UsageError(`there are several labs: ${names.join(', ')}`, 'name one with --name');
}

/** The production that is to run in a lab: of the fairway.yml here, if its provider is one. */
export async function labProduction(context: Context): Promise<Production | undefined> {
  const file = findConfigFile(context);
  if (file === undefined) return undefined;
  const { readProduction } = await import('../../config/read.ts');
  const production = await readProduction(file, context.stateDirectory());
  return production.provider === 'lab' ? production : undefined;
}

function findConfigFile(context: Context): string | undefined {
  try {
    return context.configFile();
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
