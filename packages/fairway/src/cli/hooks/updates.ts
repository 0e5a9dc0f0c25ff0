import { parsePush } from '../../git/pre-receive.ts';
import type { PushUpdate } from '../../runner/controller.ts';
import type { Surroundings } from '../surroundings.ts';

/** What git wrote to the hook's standard input. */
export async function readUpdates({ stdin, env }: Surroundings): Promise<PushUpdate[]> {
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin as AsyncIterable<string>) text += chunk;
  return parsePush(text, env);
}
