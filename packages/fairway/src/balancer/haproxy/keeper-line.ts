import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ConfigurationInvalid, HaproxyUnreachable, RegistryMoved } from './errors.ts';
import { LineClient } from './line-client.ts';
import type { HaproxyNode } from './node.ts';
import { STATE_FILES, type StateFiles } from './render.ts';

const DEADLINE_MS = 3_000;
/** Checking a configuration starts a HAProxy, which takes a while on a busy machine. */
const CHECK_DEADLINE_MS = 15_000;

const answerSchema = z.object({
  id: z.number(),
  files: z.record(z.string(), z.string()).optional(),
  error: z.object({ code: z.enum(['moved', 'invalid', 'refused']), message: z.string() }).optional(),
});
type Answer = z.infer<typeof answerSchema>;

/** The client of `fairway-balancer`: reads and replaces HAProxy's files. */
export class KeeperLine {
  readonly #name: string;
  readonly #client: LineClient<Answer>;

  constructor(node: HaproxyNode) {
    this.#name = node.name;
    this.#client = new LineClient(
      'fairway-balancer',
      () => node.openKeeper(),
      (line) => answerSchema.parse(line),
      (reason, cause) => new HaproxyUnreachable(node.name, reason, cause),
    );
  }

  /** The files that there are. */
  async read(): Promise<Partial<StateFiles>> {
    const { files } = await this.#ask({ do: 'read' }, DEADLINE_MS);
    return Object.fromEntries(
      STATE_FILES.flatMap((name) => (files?.[name] === undefined ? [] : [[name, files[name]]])),
    );
  }

  /**
   * Replaces files, each atomically, in the order of {@link STATE_FILES}. With a configuration among them all is checked
   * first; nothing is replaced when HAProxy does not accept it, or when the registry is not the one that is `expected`.
   */
  async install(files: Partial<StateFiles>, expected: string | undefined): Promise<void> {
    const request = {
      do: 'install',
      files,
      expected: expected === undefined ? null : createHash('sha256').update(expected).digest('hex'),
    };
    if (files['fairway.cfg'] === undefined) {
      await this.#ask(request, DEADLINE_MS);
      return;
    }
    // A machine that is gone is known to be long before a check would be late.
    await this.read();
    await this.#ask(request, CHECK_DEADLINE_MS);
  }

  close(): void {
    this.#client.close();
  }

  async #ask(request: object, deadlineMs: number): Promise<Answer> {
    const answer = await this.#client.ask(request, deadlineMs);
    if (!answer.error) return answer;
    const { code, message } = answer.error;
    if (code === 'moved') throw new RegistryMoved(this.#name);
    if (code === 'invalid') throw new ConfigurationInvalid(this.#name, message);
    throw new Error(`fairway-balancer on ${this.#name} refused: ${message}`);
  }
}
