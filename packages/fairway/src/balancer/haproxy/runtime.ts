import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { HaproxyUnreachable } from './errors.ts';
import type { HaproxyNode } from './node.ts';

const TRY_AGAIN_AFTER_MS = 10;

/** What a batch of commands was answered, and by which worker process. */
export interface Answers {
  readonly worker: number;
  readonly texts: readonly string[];
}

/** The worker that was spoken to is gone, or the connection to it. */
class LineLost extends Error {}

/**
 * Commands to the present worker of a HAProxy, or to one that it replaced, over one connection that is kept. The
 * master process lies between, so that a reload cannot leave us with the old worker: it closes every connection, and
 * the next one leads to the new worker.
 */
export class Runtime {
  readonly #node: HaproxyNode;
  readonly #target: string;
  #line: Promise<Line> | undefined;
  #closed = false;

  /** `target` in the master's words: `@1` for the present worker, `@!PID` for a certain one. */
  constructor(node: HaproxyNode, target = '@1') {
    this.#node = node;
    this.#target = target;
  }

  /** Commands must be such that saying them twice does no harm: after a broken connection they are said again. */
  async run(commands: readonly string[], deadlineMs: number): Promise<Answers> {
    const until = Date.now() + deadlineMs;
    for (;;) {
      try {
        const line = await within(until, this.#connect());
        return { worker: line.worker, texts: await within(until, line.ask(commands)) };
      } catch (error) {
        this.#drop();
        if (this.#closed || Date.now() + TRY_AGAIN_AFTER_MS >= until) {
          throw new HaproxyUnreachable(this.#node.name, (error as Error).message, error);
        }
        await delay(TRY_AGAIN_AFTER_MS);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #connect(): Promise<Line> {
    this.#line ??= this.#node.openMaster().then((stream) => Line.begin(stream, this.#target));
    return this.#line;
  }

  #drop(): void {
    this.#line?.then(
      (line) => line.close(),
      () => {},
    );
    this.#line = undefined;
  }
}

async function within<Value>(until: number, value: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new LineLost('no answer in time')), Math.max(0, until - Date.now()));
  });
  return await Promise.race([value, late]).finally(() => clearTimeout(timer));
}

/** One connection in prompt mode: every answer ends with the prompt, which names the worker that gave it. */
class Line {
  readonly worker: number;
  readonly #stream: Duplex;
  readonly #end: string;
  #buffer = '';
  readonly #waiting: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];
  #lost: Error | undefined;

  private constructor(stream: Duplex, worker: number) {
    this.#stream = stream;
    this.worker = worker;
    this.#end = `\n${worker}> `;
    stream.on('data', (text: string) => this.#take(text));
    const lose = (error?: Error) => this.#lose(error ?? new LineLost('the connection was closed'));
    stream.on('error', lose);
    stream.on('close', () => lose());
    stream.on('end', () => lose());
    // It may have ended before anybody listened.
    if (stream.destroyed || stream.readableEnded) lose();
  }

  static async begin(stream: Duplex, target: string): Promise<Line> {
    stream.setEncoding('utf8');
    stream.on('error', () => {});
    stream.write(`prompt\n${target}\n`);
    const greeting = await new Promise<string>((resolve, reject) => {
      let text = '';
      const onData = (piece: string) => {
        text += piece;
        if (!/master> (.+\n|\d+> $)/s.test(text)) return;
        stream.off('data', onData);
        resolve(text);
      };
      stream.on('data', onData);
      for (const event of ['error', 'close', 'end'])
        stream.once(event, () => reject(new LineLost('it closes the connection')));
    });
    const worker = /master> (\d+)> $/.exec(greeting)?.[1];
    if (worker === undefined) {
      stream.destroy();
      throw new LineLost(`no worker runs: ${greeting.replaceAll('master> ', '').trim().slice(0, 200)}`);
    }
    return new Line(stream, Number(worker));
  }

  async ask(commands: readonly string[]): Promise<string[]> {
    if (this.#lost) throw this.#lost;
    const answers = commands.flatMap((command) =>
      command
        .split('; ')
        .map(() => new Promise<string>((resolve, reject) => this.#waiting.push({ resolve, reject }))),
    );
    this.#stream.write(`${commands.join('\n')}\n`);
    return Promise.all(answers);
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(text: string): void {
    this.#buffer += text;
    let from = 0;
    for (;;) {
      const end = this.#buffer.indexOf(this.#end, from);
      if (end < 0) break;
      this.#waiting.shift()?.resolve(this.#buffer.slice(from, end + 1));
      from = end + this.#end.length;
    }
    this.#buffer = this.#buffer.slice(from);
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#stream.destroy();
  }
}
