import { examples, type Verb } from '../command.ts';
import { defineSteering } from '../steer.ts';

export const verb: Verb = {
  define(command, act) {
    defineSteering('resume', command, act);
    examples(command, ['fairway resume shop', 'the rollout of shop that was paused']);
  },
};
