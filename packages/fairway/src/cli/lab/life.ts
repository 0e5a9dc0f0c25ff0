import { type Command, InvalidArgumentError } from 'commander';
import { SIZE_PATTERN, sizeBytes } from '../../config/units.ts';
import type { LabProgress, LabRequest } from '../../lab/lab.ts';
import { type Act, examples } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { wholeNumber } from '../whole-number.ts';
import { chooseLab, labProduction, NAME_OPTION, type NameOption } from './choose.ts';
import { renderLab, renderLabs } from './render.ts';

interface UpOptions extends NameOption {
  readonly hosts?: number;
  readonly subnet?: string;
  readonly disk?: number;
  readonly memory?: number;
  readonly json?: boolean;
}

export function defineUp(command: Command, act: Act): void {
  command
    .summary('start machines, or what is missing of them')
    .description(
      'Start machines: those named, or box1 to boxN with --hosts, or those that fairway.yml with provider lab leaves ' +
        'to be created. In a lab that is up, machines that are off are started and new ones added; the rest stays as it is.',
    )
    .argument('[machines...]', 'names of machines, such as lb1 or box[1-3]')
    .option('--hosts <count>', 'so many machines, box1, box2 and so on', wholeNumber(1, 200))
    .option('--name <name>', 'name of the lab (default: that of the production, or "lab")')
    .option('--subnet <network>', 'network of a new lab (default: a free one, such as 10.213.1.0/24)')
    .option('--disk <size>', "size of each machine's disk in a new lab (default: 4gb)", size)
    .option('--memory <size>', 'most memory of each machine in a new lab (default: no limit)', size)
    .option('--json', 'print the lab as JSON')
    .action(act((context, machines: string[], options: UpOptions) => up(context, machines, options)));
  examples(
    command,
    ['fairway lab up', 'the machines of fairway.yml'],
    ['fairway lab up --hosts 3', 'box1, box2 and box3'],
    ['fairway lab up lb1 box[1-5] --name rehearsal --disk 2gb', 'by name'],
  );
}

async function up(context: Context, machines: readonly string[], options: UpOptions): Promise<ExitCode> {
  const { labUp } = await import('../../lab/lab.ts');
  const startedAt = context.surroundings.now();
  const request = await labRequest(context, machines, options);
  const lab = await labUp({ ...request, onProgress: (progress) => context.note(progressLine(progress)) });
  if (options.json) {
    context.printJson(lab);
    return EXIT.success;
  }
  const seconds = ((context.surroundings.now() - startedAt) / 1000).toFixed(1);
  context.print(
    ...renderLab({ ...lab, hosts: lab.hosts.map((host) => ({ ...host, isOn: true })) }, context.style),
  );
  context.print(
    '',
    `Up in ${seconds} s. Get in with: fairway lab ssh ${lab.hosts[0]!.name} --name ${lab.name}`,
  );
  return EXIT.success;
}

async function labRequest(
  context: Context,
  machines: readonly string[],
  options: UpOptions,
): Promise<LabRequest> {
  const sizes = {
    ...(options.subnet !== undefined && { subnet: options.subnet }),
    ...(options.disk !== undefined && { diskBytes: options.disk }),
    ...(options.memory !== undefined && { memoryBytes: options.memory }),
  };
  if (machines.length > 0 || options.hosts !== undefined) {
    const hosts = await namedHosts(machines, options.hosts ?? 0);
    return { name: options.name ?? 'lab', hosts, ...sizes };
  }
  const production = await labProduction(context);
  if (!production) {
    throw new UsageError(
      'there is nothing to start: no machine is named, and no fairway.yml with provider lab is here',
      'name machines (fairway lab up box[1-3]), or say how many (--hosts 3)',
    );
  }
  const hosts = production.hosts.filter(({ isCreated }) => isCreated).map(({ name }) => name);
  return { hosts, ...production.lab, ...sizes, name: options.name ?? production.name };
}

async function namedHosts(machines: readonly string[], count: number): Promise<readonly string[]> {
  const { expandRange, InvalidRange } = await import('../../config/ranges.ts');
  try {
    const numbered = Array.from({ length: count }, (_, index) => `box${index + 1}`);
    return [...new Set([...machines.flatMap(expandRange), ...numbered])];
  } catch (error) {
    if (error instanceof InvalidRange) throw new UsageError(`expected ${error.message}`);
    throw error;
  }
}

function progressLine(progress: LabProgress): string {
  switch (progress.kind) {
    case 'building-base-image':
      return 'Building the base image of Debian 12: once, about a minute…';
    case 'memory-not-limited':
      return 'Memory is not limited: control groups v2 have no memory controller on this machine';
    case 'network-ready':
      return `Network ${progress.subnet}`;
    case 'host-starting':
      return `${progress.host} starts…`;
    case 'host-ready':
      return `${progress.host} is up`;
    case 'host-removed':
      return `${progress.host} is gone`;
  }
}

export function defineStatus(command: Command, act: Act): void {
  command
    .summary('show the machines and what is broken on purpose')
    .description('Show the machines of a lab, which are on, and what of their network is broken on purpose.')
    .option(...NAME_OPTION)
    .option('--json', 'print it as JSON')
    .action(
      act(async (context, options: NameOption & { json?: boolean }) => {
        const { labStatus } = await import('../../lab/lab.ts');
        const status = await labStatus(await chooseLab(context, options));
        if (options.json) context.printJson(status);
        else context.print(...renderLab(status, context.style));
        return EXIT.success;
      }),
    );
  examples(command, ['fairway lab status', 'the lab of this folder, or the only one']);
}

export function defineList(command: Command, act: Act): void {
  command
    .summary('list the labs of this machine')
    .description('List the labs of this machine, those that are off included.')
    .option('--json', 'print them as JSON')
    .action(
      act(async (context, options: { json?: boolean }) => {
        const { listLabs } = await import('../../lab/lab.ts');
        const labs = listLabs();
        if (options.json) context.printJson(labs);
        else if (labs.length === 0) context.print('No labs. Make one with: fairway lab up box[1-3]');
        else context.print(...renderLabs(labs, context.style));
        return EXIT.success;
      }),
    );
  examples(command, ['fairway lab list', 'names, networks and machines']);
}

export function defineDown(command: Command, act: Act): void {
  command
    .summary('remove a lab with everything of it')
    .description(
      'Remove a lab: its machines, disks, network and keys. Asks for nothing: a lab is there to be thrown away.',
    )
    .option(...NAME_OPTION)
    .option('--cache', 'also remove the base image and downloaded packages that all labs share')
    .action(
      act(async (context, options: NameOption & { cache?: boolean }) => {
        const { labDown, listLabs, removeLabCache } = await import('../../lab/lab.ts');
        if (!options.cache || options.name !== undefined || listLabs().length > 0) {
          const name = await chooseLab(context, options);
          const wasThere = await labDown(name, (progress) => context.note(progressLine(progress)));
          context.print(wasThere ? `The lab ${name} is gone.` : `There was no lab ${name}.`);
        }
        if (options.cache) {
          await removeLabCache();
          context.print('The base image and the downloaded packages are gone.');
        }
        return EXIT.success;
      }),
    );
  examples(
    command,
    ['fairway lab down', 'the lab of this folder, or the only one'],
    ['fairway lab down --name rehearsal --cache', 'and what labs share'],
  );
}

function size(text: string): number {
  if (SIZE_PATTERN.test(text)) return sizeBytes(text);
  throw new InvalidArgumentError('Expected a size, such as 512mb or 4gb.');
}
