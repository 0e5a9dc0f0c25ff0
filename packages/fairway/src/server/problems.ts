import { HTTPException } from 'hono/http-exception';
import { ConfigProblems, renderProblem } from '../config/problem.ts';
import { printable } from '../rollout/printable.ts';
import { Refusal } from '../runner/controller.ts';
import type { Problem } from './api.ts';

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503;
type Details = Problem['error'];

/** The server itself says no: to the request's form, to who asks, or to what is asked for. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly status: ProblemStatus;
  readonly details: Omit<Details, 'message'>;
  constructor(status: ProblemStatus, message: string, details: Omit<Details, 'message'>) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** What to answer for an error. `expected` is false for bugs: those are logged, and the client is told no more than where. */
export function problemOf(error: unknown): { status: ProblemStatus; expected: boolean; details: Details } {
  if (error instanceof RequestRefused)
    return expected(error.status, { ...error.details, message: error.message });
  if (error instanceof Refusal) return expected(error.status, pick(error.code, error.message, error.hint));
  if (error instanceof ConfigProblems) {
    const problems = error.problems.map(renderProblem);
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const hint = 'Correct it; this says when it is right: fairway check';
    return expected(422, { code: error.code, message: `The configuration has ${count}`, hint, problems });
  }
  if (error instanceof HTTPException) return expected(...badRequest(error.status));
  if (error instanceof Error && 'code' in error && isOurs(error.code)) {
    const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
    return expected(error.code.startsWith('state-') ? 503 : 409, pick(error.code, error.message, hint));
  }
  if (error instanceof Error && 'code' in error && isFullDisk(error.code)) {
    return expected(503, {
      code: 'disk-full',
      message: 'The disk of the state directory is full; what runs keeps running',
      hint: 'Free some space there (df shows it), then try again.',
    });
  }
  return {
    status: 500,
    expected: false,
    details: {
      code: 'internal-error',
      message: 'The control server met a bug in itself; what runs keeps running',
      hint: 'Look for the request id in the log of `fairway serve`, and report what stands there.',
    },
  };
}

/** The body of a problem. Text from outside may be in it, and it ends up on terminals. */
export function problemBody(details: Details, requestId?: string): Problem {
  return {
    error: {
      code: details.code,
      message: safeLines(details.message),
      ...(details.hint === undefined ? {} : { hint: safeLines(details.hint) }),
      ...(details.problems === undefined ? {} : { problems: details.problems.map(printable) }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  };
}

function safeLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function expected(status: ProblemStatus, details: Details) {
  return { status, expected: true, details };
}

function pick(code: string, message: string, hint: string | undefined): Details {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** Fairway's expected errors have a code in lower case with dashes; node's and SQLite's are in upper case. */
function isOurs(code: unknown): code is string {
  return typeof code === 'string' && /^[a-z]+(-[a-z]+)+$/.test(code);
}

/** As node and SQLite call it. */
function isFullDisk(code: unknown): boolean {
  return typeof code === 'string' && /^(ENOSPC|EDQUOT|SQLITE_FULL)/.test(code);
}

function badRequest(status: number): [ProblemStatus, Details] {
  if (status === 415) {
    return [
      415,
      { code: 'not-json', message: 'The body is not JSON: send it with content-type: application/json' },
    ];
  }
  return [
    400,
    { code: 'malformed-json', message: 'The body says that it is JSON, but it cannot be read as such' },
  ];
}
