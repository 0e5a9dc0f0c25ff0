import { examples, type Verb } from '../command.ts';
import { defineSteering } from '../steer.ts';

export const verb: Verb = {
  define(command, act) {
    command.description('Hold a rollout where it is: a step that was begun ends, no other begins.');
    defineSteering('pause', command, act);
    examples(command, [
      'fairway pause shop-12 --reason "look at the graphs first"',
      'one rollout, by its id',
    ]);
  },
};
