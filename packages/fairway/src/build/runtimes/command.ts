import { BuildFailed } from '../build-failed.ts';
import type { RuntimeBuilder } from './runtime.ts';

/** Any program: the configuration says how it is built and how it is started. */
export const commandRuntime: RuntimeBuilder = {
  async build({ app, directory, steps }) {
    if (!app.start) {
      throw new BuildFailed({
        step: 'start command',
        reason: `${app.name} has the runtime "command" and no start command.`,
        hint: 'Set start: in fairway.yml, for example start: ./server --port ${PORT}',
      });
    }
    if (app.build) await steps.run({ name: 'build', command: app.build, directory });
    return { launch: { command: app.start, directory: app.directory, path: [] }, facts: {} };
  },
};
