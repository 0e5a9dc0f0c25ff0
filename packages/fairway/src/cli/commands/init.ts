import { examples, type Verb } from '../command.ts';
import { EXIT } from '../exit.ts';
export const verb: Verb = {
  define(command, act) {
    command.action(act(async () => EXIT.success));
    examples(command, ['fairway init', 'x']);
  },
};
