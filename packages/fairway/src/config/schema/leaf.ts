import { z } from 'zod';

/** Why a value does not do: completes `found …, expected …`. */
export class Unfit {
  readonly expected: string;
  readonly parameters: UnfitParameters;
  constructor(expected: string, parameters: UnfitParameters = {}) {
    this.expected = expected;
    this.parameters = parameters;
  }
}

export interface UnfitParameters {
  /** What to do, as a sentence. */
  readonly suggestion?: string | undefined;
  /** What is said to have been found instead of the value, where that must not be shown. */
  readonly found?: string | undefined;
}

/**
 * One value of the file. Messages of its schema (`error: expected`) and of `read` are all phrases that complete
 * `found …, expected …`; `schema-problems.ts` makes whole messages of them.
 */
export function leaf<Schema extends z.ZodType, Output>(
  input: Schema,
  read: (value: z.output<Schema>) => Output | Unfit,
) {
  return input.transform((value, context): Exclude<Output, Unfit> => {
    const result = read(value);
    if (!(result instanceof Unfit)) return result as Exclude<Output, Unfit>;
    const params = { ...result.parameters };
    context.issues.push({ code: 'custom', input: value, message: result.expected, params });
    return z.NEVER;
  });
}

/** Text that matches a pattern; the pattern is what editors check. */
export function text(expected: string, pattern?: RegExp) {
  const base = z.string({ error: expected });
  return pattern ? base.regex(pattern, { error: expected }) : base.min(1, { error: expected });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values);
}

export function wholeNumber(from: number, to: number) {
  const expected = `a whole number from ${from} to ${to}`;
  return z.int({ error: expected }).min(from, { error: expected }).max(to, { error: expected });
}
