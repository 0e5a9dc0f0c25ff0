import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** The body's lines, without their ends. Throws when the connection breaks. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    rest += decoder.write(chunk);
    const lines = rest.split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/**
 * Server-sent events of a body (WHATWG HTML, section 9.2). Comments count as a sign of life but are not yielded. Throws
 * when the connection breaks, or is silent for `silenceMs`: a peer that is gone without a word would hang it for ever.
 */
export async function* serverSentEvents(
  response: IncomingMessage,
  silenceMs: number,
): AsyncGenerator<EventSourceMessage> {
  const decoder = new StringDecoder('utf8');
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => arrived.push(event) });
  response.socket.setTimeout(silenceMs, () => {
    response.destroy(new Error(`no sign of life for ${silenceMs / 1000} s`));
  });
  for await (const chunk of response as AsyncIterable<Buffer>) {
    parser.feed(decoder.write(chunk));
    yield* arrived.splice(0);
  }
}
