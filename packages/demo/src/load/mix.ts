import type { RequestKind } from './request.ts';

const BODY = 'the body of a post, sent back as it came';

/** What a well-meaning visitor of `examples/hello` does: reads, writes, with and without keep-alive. */
export function visitorMix(): readonly RequestKind[] {
  return [true, false].flatMap((keepAlive): RequestKind[] => {
    const suffix = keepAlive ? 'keep-alive' : 'close';
    return [
      { name: `GET ${suffix}`, method: 'GET', path: '/', keepAlive, ownTimeMs: 0, check: contains('hello') },
      {
        name: `POST ${suffix}`,
        method: 'POST',
        path: '/echo',
        keepAlive,
        ownTimeMs: 0,
        body: BODY,
        check: contains(BODY),
      },
    ];
  });
}

/** The same, and now and then a slow answer and a streamed one. One in 20 is slow, one in 20 streams. */
export function demandingMix(): readonly RequestKind[] {
  const usual = visitorMix();
  const slow: RequestKind = {
    name: 'GET slow',
    method: 'GET',
    path: '/slow?ms=2000',
    keepAlive: true,
    ownTimeMs: 2000,
    check: contains('slow'),
  };
  const streamed: RequestKind = {
    name: 'GET stream',
    method: 'GET',
    path: '/stream?ms=1000',
    keepAlive: true,
    ownTimeMs: 1000,
    check: contains('end of stream'),
  };
  return Array.from({ length: 20 }, (_, index) =>
    index === 7 ? slow : index === 13 ? streamed : usual[index % usual.length]!,
  );
}

function contains(text: string): RequestKind['check'] {
  return (status, body) => {
    if (status !== 200) return `status ${status}: ${body.slice(0, 80)}`;
    return body.includes(text) ? undefined : `an answer without "${text}"`;
  };
}
