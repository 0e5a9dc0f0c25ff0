const encoder = new TextEncoder();

interface StreamOptions {
  readonly contentType: string;
  /** Sent at once, so that the client sees the answer's head before anything happens. */
  readonly opening?: string;
  /** Sent whenever nothing else was for so long; it keeps proxies from closing and shows a dead client. */
  readonly heartbeat?: { readonly text: string; readonly everyMs: number };
  /** Called when the client goes away, or when the stream ended. */
  readonly onEnd: () => void;
}

/** An answer that is written as its parts come, no faster than the client reads. */
export function streamed(parts: AsyncIterable<string>, options: StreamOptions): Response {
  const iterator = parts[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  let cancelled = false;
  const end = () => {
    clearInterval(timer);
    options.onEnd();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (options.opening) controller.enqueue(encoder.encode(options.opening));
      const { heartbeat } = options;
      if (!heartbeat) return;
      timer = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(heartbeat.text));
      }, heartbeat.everyMs);
    },
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (cancelled) return;
        if (!done) return controller.enqueue(encoder.encode(value));
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel() {
      cancelled = true;
      end();
      await iterator.return?.();
    },
  });
  return new Response(body, {
    headers: { 'content-type': options.contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  });
}

/**
 * Waits a moment for the first item, so that what is refused at once is refused with a status and not inside the
 * stream; then yields everything.
 */
export async function withEarlyRefusal<Item>(
  items: AsyncIterable<Item>,
  patienceMs = 100,
): Promise<AsyncIterable<Item>> {
  const iterator = items[Symbol.asyncIterator]();
  const first = iterator.next();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  try {
    await Promise.race([first, patience]);
  } finally {
    clearTimeout(timer);
  }
  // It may fail before anyone reads it; the reader gets the error all the same.
  first.catch(() => {});
  return (async function* () {
    try {
      for (let next = await first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
}
