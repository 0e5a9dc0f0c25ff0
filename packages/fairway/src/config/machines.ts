import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigProblems } from './problem.ts';

const NAME = 'machines.json';

const machineSchema = z.looseObject({
  /** IP address or name, as `hosts.*.address`. */
  address: z.string().min(1),
});

/** What is known of a machine that was created; whoever creates it may keep more than its address. */
export type Machine = z.infer<typeof machineSchema>;

/** Machines that were created, by the name of their host. */
export type Machines = Readonly<Record<string, Machine>>;

/**
 * The machines that were created for the production of this state directory; none before the first.
 *
 * @throws ConfigProblems when the file is not what {@link writeMachines} wrote
 */
export async function readMachines(stateDirectory: string): Promise<Machines> {
  const file = join(stateDirectory, NAME);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw unreadable(file, (error as Error).message);
  }
  try {
    return z.record(z.string(), machineSchema).parse(JSON.parse(text));
  } catch {
    throw unreadable(file, 'found something else, expected hosts with their addresses');
  }
}

export async function writeMachines(stateDirectory: string, machines: Machines): Promise<void> {
  const file = join(stateDirectory, NAME);
  await writeFile(`${file}.new`, `${JSON.stringify(machines, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function unreadable(file: string, reason: string): ConfigProblems {
  const suggestion = 'Run "fairway provision" to have it written anew.';
  return new ConfigProblems([{ file, path: '', message: `${reason}`, suggestion }]);
}
