import { parseArgs } from 'node:util';
import { entryPoint } from '../entry-point.ts';
import { say } from './say.ts';
import { runSupervisor } from './supervisor.ts';

/** `node main.js --state DIR --socket PATH [--balancer PROGRAM]`, started detached by `ensureSupervisor`. */
const { values } = parseArgs({
  options: { state: { type: 'string' }, socket: { type: 'string' }, balancer: { type: 'string' } },
});
if (!values.state || !values.socket) {
  console.error('usage: main.js --state DIR --socket PATH [--balancer PROGRAM]');
  process.exit(2);
}

// What we start inherits this; whoever started us may have had another one.
process.umask(0o022);
// One request or instance that fails must not take the others along.
process.on('unhandledRejection', (error) => say('unexpected:', error));

try {
  const stateDirectory = values.state;
  const balancerProgram = () => values.balancer ?? entryPoint('balancer/embedded/main');
  if (!(await runSupervisor({ stateDirectory, socketPath: values.socket, balancerProgram }))) {
    say(`a supervisor runs already for ${stateDirectory}`);
    process.exit(0);
  }
} catch (error) {
  const expected = error instanceof Error && 'code' in error;
  say(expected ? error.message : error);
  process.exit(1);
}
