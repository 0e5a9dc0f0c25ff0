import { examples, type Verb } from '../command.ts';
import { defineFaults } from '../lab/faults.ts';
import { defineDown, defineList, defineStatus, defineUp } from '../lab/life.ts';
import { defineExec, defineSsh } from '../lab/reach.ts';

export const verb: Verb = {
  define(command, act) {
    command.description(
      'Real Debian machines on this one, to rehearse a production and its failures on. Needs Linux and root.',
    );
    defineUp(command.command('up'), act);
    defineStatus(command.command('status'), act);
    defineList(command.command('list'), act);
    defineSsh(command.command('ssh'), act);
    defineExec(command.command('exec'), act);
    defineFaults(command, act);
    defineDown(command.command('down'), act);
    examples(
      command,
      ['fairway lab up box[1-3] lb1', 'four machines'],
      ['fairway lab cut box2', 'pull a cable'],
      ['fairway lab down', 'leave nothing behind'],
    );
  },
};
