import { examples, type Verb } from '../command.ts';
import { defineSteering } from '../steer.ts';

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        "End a canary's present step: the share grows without waiting for its time or the judge. A canary that does worse is taken back all the same.",
      )
      .option(
        '-a, --all',
        'all steps: everything goes to the new release, and the old one stays warm beside it',
      );
    defineSteering('promote', command, act);
    examples(
      command,
      ['fairway promote shop', 'the step that the canary of shop is in'],
      ['fairway promote shop --all --reason "looked at by hand"', 'every step'],
    );
  },
};
