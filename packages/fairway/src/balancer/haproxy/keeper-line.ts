import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ConfigurationInvalid, HaproxyUnreachable, RegistryMoved } from './errors.ts';
import type { HaproxyNode, LineSession } from './node.ts';
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

/** The client of `fairway-balancer`: reads and replaces HAProxy's files. Started on first use, and again when it ended. */
export class KeeperLine {
  readonly #node: HaproxyNode;
  #session: Promise<LineSession> | undefined;
  #lastId = 0;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();

  constructor(node: HaproxyNode) {
    this.#node = node;
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
    this.#abandon('it is closed');
  }

  async #ask(request: object, deadlineMs: number): Promise<Answer> {
    const session = await this.#connect();
    const id = ++this.#lastId;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => this.#abandon('fairway-balancer does not answer'), deadlineMs);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          settle(value);
        };
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      session.send(JSON.stringify({ id, ...request }));
    });
    if (!answer.error) return answer;
    const { code, message } = answer.error;
    if (code === 'moved') throw new RegistryMoved(this.#node.name);
    if (code === 'invalid') throw new ConfigurationInvalid(this.#node.name, message);
    throw new Error(`fairway-balancer on ${this.#node.name} refused: ${message}`);
  }

  #connect(): Promise<LineSession> {
    if (!this.#session) {
      const opened = this.#node.openKeeper().then(
        (session) => {
          void this.#listen(session, opened);
          return session;
        },
        (error: Error) => {
          if (this.#session === opened) this.#session = undefined;
          throw new HaproxyUnreachable(this.#node.name, error.message, error);
        },
      );
      this.#session = opened;
    }
    return this.#session;
  }

  async #listen(session: LineSession, opened: Promise<LineSession>): Promise<void> {
    const reason = await this.#hear(session);
    session.kill();
    // Another one may have been started in its place.
    if (this.#session === opened) this.#lose(reason);
  }

  /** Takes the answers; resolves with why there are no more. */
  async #hear(session: LineSession): Promise<string> {
    try {
      for await (const line of session.lines) {
        const answer = answerSchema.parse(JSON.parse(line));
        this.#waiting.get(answer.id)?.resolve(answer);
      }
      return (await session.ended)?.message ?? 'fairway-balancer ended';
    } catch (error) {
      return (error as Error).message;
    }
  }

  #abandon(reason: string): void {
    this.#session?.then(
      (session) => session.kill(),
      () => {},
    );
    this.#lose(reason);
  }

  #lose(reason: string): void {
    this.#session = undefined;
    for (const { reject } of [...this.#waiting.values()])
      reject(new HaproxyUnreachable(this.#node.name, reason));
  }
}
