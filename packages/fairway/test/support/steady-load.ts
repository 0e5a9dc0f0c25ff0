import { Agent, request } from 'undici';

/** Visitors who ask again and again, GET and POST, over kept and over fresh connections, until they are stopped. */
export class SteadyLoad {
  sent = 0;
  readonly failures: string[] = [];
  /** How often each instance answered. */
  readonly answered = new Map<string, number>();
  readonly #url: string;
  readonly #host: string;
  // Balancers of tests have certificates that nobody signed.
  readonly #kept = new Agent({ connect: { rejectUnauthorized: false } });
  readonly #fresh = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false } });
  #stopping = false;
  readonly #visitors: Promise<void>[];

  constructor(url: string, host: string, visitors: number) {
    this.#url = url;
    this.#host = host;
    this.#visitors = Array.from({ length: visitors }, (_, index) => this.#visit(index));
  }

  /** Resolves when every request has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#visitors);
    await Promise.all([this.#kept.destroy(), this.#fresh.destroy()]);
  }

  async #visit(index: number): Promise<void> {
    const dispatcher = index % 5 === 0 ? this.#fresh : this.#kept;
    for (let turn = index; !this.#stopping; turn++) {
      const posts = turn % 2 === 0;
      this.sent += 1;
      try {
        const { statusCode, body } = await request(`${this.#url}/`, {
          method: posts ? 'POST' : 'GET',
          headers: { host: this.#host },
          body: posts ? `turn ${turn}` : null,
          dispatcher,
        });
        const text = await body.text();
        if (statusCode !== 200) throw new Error(`${statusCode} ${text.trim()}`);
        const { instance, body: echoed } = JSON.parse(text) as { instance: string; body: string };
        if (echoed !== (posts ? `turn ${turn}` : '')) throw new Error('another body came back');
        this.answered.set(instance, (this.answered.get(instance) ?? 0) + 1);
      } catch (error) {
        const { message, code } = error as NodeJS.ErrnoException;
        this.failures.push(`${posts ? 'POST' : 'GET'}: ${code ?? ''} ${message}`);
      }
    }
  }
}
