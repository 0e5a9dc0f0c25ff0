import type { IncomingMessage } from 'node:http';
import type { Problem } from '../../server/api.ts';
import { readBody } from './transport.ts';

/** The server answered, and said no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  /** Each of several problems, one line each. */
  readonly problems: readonly string[];
  readonly requestId: string | undefined;
  constructor(status: number, { error }: Problem) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.hint = error.hint;
    this.problems = error.problems ?? [];
    this.requestId = error.requestId;
  }
}

/** The refusal in an answer that is not a success; what listens there may be no Fairway at all, and then it says so. */
export async function refusalIn(response: IncomingMessage, url: string): Promise<Refused> {
  const status = response.statusCode ?? 0;
  const body = await readBody(response, 1_000_000).catch(() => '');
  try {
    const problem = JSON.parse(body) as Problem;
    if (typeof problem.error.message === 'string') return new Refused(status, problem);
  } catch {
    // Not a problem document.
  }
  return new Refused(status, {
    error: {
      code: 'unexpected-answer',
      message: `${url} answered ${status}, not in the way a Fairway server does`,
      hint: 'check --server or FAIRWAY_URL: another program may listen there',
    },
  });
}
