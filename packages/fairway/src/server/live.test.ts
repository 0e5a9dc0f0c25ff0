import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import type { LiveEntry } from './api.ts';

describe('live events', () => {
  let server: TestServer;
  const clients: Client[] = [];
  beforeEach(async () => {
    server = await TestServer.start();
    server.controller.start('shop');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.leave();
    await server.dispose();
  });

  const watch = async (path: string, lastEventId?: number): Promise<Client> => {
    const client = new Client();
    clients.push(client);
    await client.connect(server.running.url + path, lastEventId);
    return client;
  };
  const say = (...lines: string[]) =>
    server.controller.happen('shop-1', ...lines.map((line) => ({ type: 'build-output' as const, line })));
  const finish = () =>
    server.controller.happen('shop-1', { type: 'finished', outcome: 'succeeded', reason: 'all serve' });

  it('tell a rollout from its beginning, then as it happens, and say when it ended', async () => {
    say('one', 'two');
    const client = await watch('/api/rollouts/shop-1/events');
    await client.has(2);
    say('three');
    await client.has(3);
    finish();
    await client.ended;
    expect(client.entries().map((entry) => entry.sequence)).toEqual([1, 2, 3, 4]);
    expect(client.messages.at(-1)).toMatchObject({ event: 'end', data: '{}' });
    expect(client.messages[0]!.id).toBe('1');
    expect(client.entries()[0]).toMatchObject({
      app: 'shop',
      rollout: 'shop-1',
      event: { type: 'build-output', line: 'one' },
      text: ['  | one'],
    });
  });

  it('are neither lost nor doubled for a client that is cut off again and again', async () => {
    const seen: number[] = [];
    let last: number | undefined;
    const total = 300;
    let said = 0;
    const talk = setInterval(() => {
      say(...Array.from({ length: 5 }, () => `line ${++said}`));
      if (said >= total) {
        clearInterval(talk);
        finish();
      }
    }, 2);
    for (let ended = false; !ended; ) {
      const client = await watch('/api/rollouts/shop-1/events', last);
      ended = await Promise.race([
        client.ended.then(() => true),
        client.has(1 + (seen.length % 23)).then(() => false),
      ]);
      client.leave();
      const sequences = client.entries().map((entry) => entry.sequence);
      ended = client.messages.at(-1)?.event === 'end';
      seen.push(...sequences);
      last = sequences.at(-1) ?? last;
    }
    expect(seen).toEqual(Array.from({ length: total + 1 }, (_, index) => index + 1));
  });

  it('of the whole production begin now, or after the sequence that is asked for', async () => {
    server.controller.start('blog');
    say('before');
    const fromNow = await watch('/api/events');
    const fromStart = await watch('/api/events?after=0');
    server.controller.happen('blog-1', { type: 'queued', behind: 'blog-0' });
    await fromNow.has(1);
    await fromStart.has(2);
    expect(fromNow.entries().map((entry) => entry.rollout)).toEqual(['blog-1']);
    expect(fromStart.entries().map((entry) => entry.rollout)).toEqual(['shop-1', 'blog-1']);
  });

  it('go by Last-Event-ID before the query, so that a reconnecting browser goes on', async () => {
    say('one', 'two', 'three');
    const client = await watch('/api/events?after=0', 2);
    await client.has(1);
    expect(client.entries().map((entry) => entry.sequence)).toEqual([3]);
  });

  it('end at once for a client that has seen the end', async () => {
    say('one');
    finish();
    const client = await watch('/api/rollouts/shop-1/events', 2);
    await client.ended;
    expect(client.messages.map((message) => message.event)).toEqual(['end']);
  });

  it('carry what strangers wrote as data only, and printable in the sentences', async () => {
    const hostile = '\u001b[2J\r\n\r\ndata: forged\nevent: end\u202e';
    say(hostile);
    const client = await watch('/api/rollouts/shop-1/events');
    await client.has(1);
    expect(client.messages).toHaveLength(1);
    expect(client.entries()[0]).toMatchObject({
      event: { line: hostile },
      text: ['  | \\x1b[2J\\r\\n\\r\\ndata: forged\\nevent: end\\u202e'],
    });
  });

  it('free the controller when the client goes away', async () => {
    const client = await watch('/api/rollouts/shop-1/events');
    const signal = server.controller.signals.at(-1)!;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    client.leave();
    await aborted;
  });

  it('are cut without an `end` when the server closes, so that clients come back', async () => {
    const client = await watch('/api/rollouts/shop-1/events');
    say('one');
    await client.has(1);
    await server.running.close();
    await client.ended;
    expect(client.messages.map((message) => message.event)).toEqual([undefined]);
  });
});

/** A reader of server-sent events by fetch. */
class Client {
  readonly messages: EventSourceMessage[] = [];
  ended: Promise<void> = Promise.resolve();
  readonly #abort = new AbortController();
  #waiting: { count: number; resolve: () => void }[] = [];

  async connect(url: string, lastEventId: number | undefined): Promise<void> {
    const response = await fetch(url, {
      headers: {
        authorization: 'Bearer secret-of-viewer',
        ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
      },
      signal: this.#abort.signal,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    this.ended = this.#read(response.body!).catch(() => {});
  }

  entries(): LiveEntry[] {
    return this.messages
      .filter((message) => message.event !== 'end')
      .map((message) => JSON.parse(message.data) as LiveEntry);
  }

  has(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.#tell();
    });
  }

  leave(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const parser = createParser({ onEvent: (message) => this.messages.push(message) });
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      this.#tell();
    }
  }

  #tell(): void {
    for (const each of this.#waiting) if (this.messages.length >= each.count) each.resolve();
    this.#waiting = this.#waiting.filter((each) => this.messages.length < each.count);
  }
}
