import type { LineSession } from './node.ts';

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Asks a program that answers each line with a line, whose `id` tells to what. Opened on first use, and again when it ended. */
export class LineClient<Answer extends { readonly id: number }> {
  readonly #program: string;
  readonly #open: () => Promise<LineSession>;
  readonly #read: (line: unknown) => Answer;
  /** What is thrown where there is no answer. */
  readonly #lost: (reason: string, cause?: Error) => Error;
  #session: Promise<LineSession> | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting<Answer>>();

  constructor(
    program: string,
    open: () => Promise<LineSession>,
    read: (line: unknown) => Answer,
    lost: (reason: string, cause?: Error) => Error,
  ) {
    this.#program = program;
    this.#open = open;
    this.#read = read;
    this.#lost = lost;
  }

  async ask(request: object, deadlineMs: number): Promise<Answer> {
    const session = await this.#connect();
    const id = ++this.#lastId;
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => this.#abandon(`${this.#program} does not answer`), deadlineMs);
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
  }

  close(): void {
    this.#abandon('it is closed');
  }

  #connect(): Promise<LineSession> {
    if (!this.#session) {
      const opened = this.#open().then(
        (session) => {
          void this.#listen(session, opened);
          return session;
        },
        (error: Error) => {
          if (this.#session === opened) this.#session = undefined;
          throw this.#lost(error.message, error);
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
        const answer = this.#read(JSON.parse(line));
        this.#waiting.get(answer.id)?.resolve(answer);
      }
      return (await session.ended)?.message ?? `${this.#program} ended`;
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
    for (const { reject } of [...this.#waiting.values()]) reject(this.#lost(reason));
  }
}
