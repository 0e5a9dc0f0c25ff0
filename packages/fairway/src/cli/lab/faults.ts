import { type Command, InvalidArgumentError } from 'commander';
import { DURATION_PATTERN, durationMs } from '../../config/units.ts';
import type { CutFrom } from '../../lab/record.ts';
import { type Act, examples } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { chooseLab, NAME_OPTION, type NameOption } from './choose.ts';
import { cutLine, slowLine } from './render.ts';

/** What breaks a lab on purpose, and what mends it. */
export function defineFaults(command: Command, act: Act): void {
  defineCut(command.command('cut'), act);
  defineSlow(command.command('slow'), act);
  defineHeal(command.command('heal'), act);
  for (const fault of SIMPLE_FAULTS) defineSimple(command.command(fault.name), fault, act);
}

interface CutOptions extends NameOption {
  readonly from?: string;
  readonly fromHere?: boolean;
}

function defineCut(command: Command, act: Act): void {
  command
    .summary('let no packet through to and from a machine')
    .description('Let no packet through between a machine and everything, or one other machine, or this one.')
    .argument('<machine>', 'its name')
    .option('--from <machine>', 'only between these two')
    .option('--from-here', 'only between it and this machine')
    .option(...NAME_OPTION)
    .action(
      act(async (context, host: string, options: CutOptions) => {
        const { cutHost } = await import('../../lab/network-faults.ts');
        const from = cutFrom(options);
        await cutHost(await chooseLab(context, options), host, from);
        context.print(cutLine({ host, from }));
        return EXIT.success;
      }),
    );
  examples(
    command,
    ['fairway lab cut box2', 'from everything'],
    ['fairway lab cut box2 --from lb1', 'only from the balancer'],
    ['fairway lab cut box2 --from-here', 'only from the control server on this machine'],
  );
}

function cutFrom({ from, fromHere }: CutOptions): CutFrom {
  if (from !== undefined && fromHere) throw new UsageError('--from and --from-here exclude each other');
  if (from !== undefined) return { kind: 'host', host: from };
  return { kind: fromHere ? 'machine' : 'all' };
}

interface SlowOptions extends NameOption {
  readonly delay?: number;
  readonly loss?: number;
}

function defineSlow(command: Command, act: Act): void {
  command
    .summary('delay and lose packets to a machine')
    .description('Delay packets on their way to a machine, lose some, or both.')
    .argument('<machine>', 'its name')
    .option('--delay <time>', 'how much longer each takes, such as 100ms', duration)
    .option('--loss <percent>', 'how many are lost, such as 1%', basisPoints)
    .option(...NAME_OPTION)
    .action(
      act(async (context, host: string, options: SlowOptions) => {
        const slow = { delayMs: options.delay ?? 0, lossBasisPoints: options.loss ?? 0 };
        if (slow.delayMs === 0 && slow.lossBasisPoints === 0) {
          throw new UsageError('slow needs a delay, a loss or both', 'such as: --delay 100ms --loss 1%');
        }
        const { slowHost } = await import('../../lab/network-faults.ts');
        await slowHost(await chooseLab(context, options), host, slow);
        context.print(slowLine(host, slow));
        return EXIT.success;
      }),
    );
  examples(command, ['fairway lab slow box2 --delay 100ms --loss 1%', 'a bad line']);
}

function defineHeal(command: Command, act: Act): void {
  command
    .summary('undo cut and slow')
    .description('Undo cut and slow, for one machine or for all.')
    .argument('[machine]', 'only for this one')
    .option(...NAME_OPTION)
    .action(
      act(async (context, host: string | undefined, options: NameOption) => {
        const { healNetwork } = await import('../../lab/network-faults.ts');
        await healNetwork(await chooseLab(context, options), host);
        context.print(host === undefined ? 'The network is whole.' : `The network of ${host} is whole.`);
        return EXIT.success;
      }),
    );
  examples(command, ['fairway lab heal', 'the whole network'], ['fairway lab heal box2', 'one machine']);
}

/** A fault, or its end, that takes a machine and nothing else. */
interface SimpleFault {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly done: string;
  load(): Promise<(lab: string, host: string) => Promise<void>>;
}

const SIMPLE_FAULTS: readonly SimpleFault[] = [
  {
    name: 'kill',
    summary: 'cut the power of a machine',
    description:
      'Cut the power of a machine: all of its processes are gone at once. Its disk stays as it is.',
    done: 'is off',
    load: async () => (await import('../../lab/lab.ts')).killHost,
  },
  {
    name: 'start',
    summary: 'power a machine on',
    description: 'Power a machine on, with its disk as it was.',
    done: 'is on',
    load: async () => (await import('../../lab/lab.ts')).startHost,
  },
  {
    name: 'fill-disk',
    summary: 'leave no free block on the disk of a machine',
    description: 'Leave no free block on the disk of a machine.',
    done: 'has a full disk',
    load: async () => (await import('../../lab/disk-faults.ts')).fillDisk,
  },
  {
    name: 'free-disk',
    summary: 'undo fill-disk',
    description: 'Undo fill-disk.',
    done: 'has room on its disk',
    load: async () => (await import('../../lab/disk-faults.ts')).freeDisk,
  },
  {
    name: 'freeze-sshd',
    summary: 'let the sshd of a machine hang',
    description:
      'Let the sshd of a machine hang, its open sessions as well: connections are made, and never answered.',
    done: 'has an sshd that hangs',
    load: async () => (await import('../../lab/sshd-faults.ts')).freezeSshd,
  },
  {
    name: 'thaw-sshd',
    summary: 'undo freeze-sshd',
    description: 'Undo freeze-sshd.',
    done: 'has an sshd that answers',
    load: async () => (await import('../../lab/sshd-faults.ts')).thawSshd,
  },
];

function defineSimple(command: Command, fault: SimpleFault, act: Act): void {
  command
    .summary(fault.summary)
    .description(fault.description)
    .argument('<machine>', 'its name')
    .option(...NAME_OPTION)
    .action(
      act(async (context, host: string, options: NameOption) => {
        const work = await fault.load();
        await work(await chooseLab(context, options), host);
        context.print(`${host} ${fault.done}.`);
        return EXIT.success;
      }),
    );
  examples(command, [`fairway lab ${fault.name} box2`, fault.summary]);
}

function duration(text: string): number {
  if (DURATION_PATTERN.test(text)) return durationMs(text);
  throw new InvalidArgumentError('Expected a time, such as 100ms or 2s.');
}

function basisPoints(text: string): number {
  const points = /^\d{1,3}(\.\d{1,2})?%?$/.test(text)
    ? Math.round(Number.parseFloat(text) * 100)
    : Number.NaN;
  if (points >= 0 && points <= 10_000) return points;
  throw new InvalidArgumentError('Expected a percentage from 0 to 100, such as 1%.');
}
