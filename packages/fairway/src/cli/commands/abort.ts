import { examples, type Verb } from '../command.ts';
import { defineSteering } from '../steer.ts';

export const verb: Verb = {
  define(command, act) {
    command.description(
      'End a rollout now: whatever it touched is taken back to what served before. It needs nothing to be in order first.',
    );
    defineSteering('abort', command, act);
    examples(command, ['fairway abort shop --reason "payments fail"', 'the rollout of shop that moves']);
  },
};
