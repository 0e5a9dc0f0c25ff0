import type { Command } from 'commander';
import { execa } from 'execa';
import { type Act, examples } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { chooseLab, NAME_OPTION, type NameOption } from './choose.ts';

export function defineSsh(command: Command, act: Act): void {
  command
    .summary('open a shell on a machine, through its network')
    .description("Open a shell on a machine by SSH, as root, with the lab's key and strict host keys.")
    .argument('<machine>', 'its name')
    .argument('[command...]', 'what to run instead of a shell, after --')
    .option(...NAME_OPTION)
    .action(
      act(async (context, host: string, words: string[], options: NameOption) => {
        const { sshToHost } = await import('../../lab/access.ts');
        return handOver(context, sshToHost(await chooseLab(context, options), host, words));
      }),
    );
  examples(
    command,
    ['fairway lab ssh box1', 'a shell'],
    ['fairway lab ssh box1 -- uptime', 'one command; ssh hands it to the shell there'],
  );
}

export function defineExec(command: Command, act: Act): void {
  command
    .summary('run a command in a machine, past its network')
    .description(
      'Run a command in a machine as root, past its network: it also works when that is cut or sshd hangs. Exits with its code.',
    )
    .usage('[options] <machine> -- COMMAND…')
    .argument('<machine>', 'its name')
    .argument('<command...>', 'program and arguments, after --')
    .option(...NAME_OPTION)
    .action(
      act(async (context, host: string, words: string[], options: NameOption) => {
        const { commandInHost } = await import('../../lab/lab.ts');
        return handOver(context, await commandInHost(await chooseLab(context, options), host, words));
      }),
    );
  examples(command, ['fairway lab exec box1 -- systemctl --failed', 'as typed, no shell in between']);
}

/** Runs a program in the place of this one: its terminal, its exit code. */
async function handOver(context: Context, [program, ...args]: readonly string[]): Promise<ExitCode> {
  // Ctrl-C is for the program; this process then ends with it.
  context.surroundings.interruption();
  const result = await execa(program!, args, { stdio: 'inherit', reject: false });
  return result.exitCode ?? EXIT.interrupted;
}
