import type { IncomingMessage } from 'node:http';
import type { PoolDefinition } from '../balancer.ts';

export interface Rejection {
  readonly status: number;
  readonly text: string;
}

/** What makes a request ambiguous for whoever reads it next, and so a way to smuggle another one in. */
export function ambiguity(request: IncomingMessage): Rejection | undefined {
  let hosts = 0;
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.length === 4 && rawHeaders[index]!.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) return { status: 400, text: 'more than one Host header' };
  const coding = request.headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (request.headers['content-length'] !== undefined) {
    return { status: 400, text: 'both Content-Length and Transfer-Encoding' };
  }
  return coding.toLowerCase() === 'chunked' ? undefined : { status: 501, text: 'unknown transfer encoding' };
}

/** The pool's limits, as far as they can be judged before the body has come. */
export function overLimit(
  request: IncomingMessage,
  { maxHeaderBytes, maxBodyBytes }: PoolDefinition['route'],
): Rejection | undefined {
  if (headerBytes(request) > maxHeaderBytes) return { status: 431, text: 'request headers too large' };
  const length = request.headers['content-length'];
  if (length !== undefined && Number(length) > maxBodyBytes) return bodyTooLarge;
  return undefined;
}

export const bodyTooLarge: Rejection = { status: 413, text: 'request body too large' };
export const bodyStalled: Rejection = { status: 408, text: 'the rest of the request did not come' };

/** As on the wire: `name: value\r\n`. */
function headerBytes({ rawHeaders, url }: IncomingMessage): number {
  let bytes = url!.length;
  for (let index = 0; index < rawHeaders.length; index++) bytes += rawHeaders[index]!.length + 2;
  return bytes;
}
