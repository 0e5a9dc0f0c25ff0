import type { z } from '@hono/zod-openapi';
import { RequestRefused } from './problems.ts';

/** Where a field stands, as a person who wrote the request calls it. */
const places: Readonly<Record<string, string>> = {
  json: 'body',
  query: 'query',
  param: 'path',
  header: 'header',
};
const LONGEST_FOUND = 60;

interface Validated {
  readonly success: boolean;
  readonly error?: z.ZodError;
  readonly data?: unknown;
  readonly target: string;
}

/** Names every wrong field of a part of a request at once: where it is, what was found, what was expected. */
export function refuseInvalid(result: Validated): void {
  if (result.success || !result.error) return;
  const place = places[result.target] ?? result.target;
  // A value that breaks two rules of its field is one problem.
  const problems = new Set(result.error.issues.flatMap((issue) => describeIssue(issue, place, result.data)));
  throw new RequestRefused(400, 'The request is not as expected', {
    code: 'invalid-request',
    problems: [...problems],
  });
}

function describeIssue(issue: z.core.$ZodIssue, place: string, data: unknown): readonly string[] {
  const field = [place, ...issue.path].join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${field}.${key}: is not known here`);
  const expected = issue.code === 'invalid_type' && issue.expected === 'object' ? 'an object' : issue.message;
  return [`${field}: found ${found(data, issue.path)}, expected ${expected}`];
}

function found(data: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
  if (value === undefined) return 'nothing';
  const text = jsonOf(value);
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text;
}

/** A small body can be nested deeper than the stack allows to write it down again. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'something nested too deep';
  }
}
