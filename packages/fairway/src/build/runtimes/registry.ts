import type { Runtime } from '../../config/production.ts';
import { commandRuntime } from './command.ts';
import { nodeRuntime } from './node.ts';
import type { RuntimeBuilder } from './runtime.ts';
import { staticRuntime } from './static.ts';

/** Every kind of app that can be built. The type makes sure that none of the configuration's is missing. */
const RUNTIMES: Readonly<Record<Runtime['type'], RuntimeBuilder>> = {
  node: nodeRuntime,
  static: staticRuntime,
  command: commandRuntime,
};

export function runtimeBuilder(type: Runtime['type']): RuntimeBuilder {
  return RUNTIMES[type];
}
