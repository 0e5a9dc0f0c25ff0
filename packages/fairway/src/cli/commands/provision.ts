import { examples, type Verb } from '../command.ts';
import type { ProvisionOptions } from '../provision/options.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Create the machines that fairway.yml leaves to be created, and set all of them up over SSH by Ansible. What is as it should be stays untouched, so it may be run again at any time.',
      )
      .option('-l, --limit <host...>', 'only these hosts')
      .option('--check', 'show what would change; change nothing')
      .option('-y, --yes', 'do not ask before machines are created')
      .option('--accept-host-keys', 'take the keys that new hosts show for theirs, without asking')
      .option('--known-hosts <file...>', 'files of host keys to believe, beside your own known_hosts')
      .option(
        '--destroy [production]',
        "destroy the machines that were created; asks for the production's name",
      )
      .option('--json', 'print the result as JSON')
      .action(
        act(async (context, options: ProvisionOptions) => {
          const { provision } = await import('../provision/provision.ts');
          return provision(context, options);
        }),
      );
    examples(
      command,
      ['fairway provision', 'all machines'],
      ['fairway provision --limit box2', 'one of them'],
      ['fairway provision --check', 'what differs on them'],
      ['fairway provision --destroy=production', 'for a script: without asking'],
    );
  },
};
