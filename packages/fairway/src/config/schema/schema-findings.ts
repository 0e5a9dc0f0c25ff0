import type { z } from 'zod';
import { type Finding, finding, unfit, valueAt } from '../finding.ts';
import { didYouMean, oneOf, quote } from '../found.ts';
import { insteadOfKey, insteadOfValue } from '../later.ts';
import type { Path } from '../yaml-tree.ts';
import { knownKeys } from './json-schema.ts';
import type { UnfitParameters } from './leaf.ts';

type Issue = z.core.$ZodIssue;

/** What values are called that have no phrase of their own in the schema. */
export function phraseFor(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_PHRASES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    default:
      return 'another value';
  }
}

const TYPE_PHRASES: Readonly<Record<string, string>> = {
  object: 'keys and values',
  record: 'keys and values',
  array: 'a list',
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
};

/** The schema's complaints in our words, at most one for each place. `document` is what the schema was given. */
export function schemaFindings(issues: readonly Issue[], document: unknown): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const issue of issues) {
    for (const found of describe(issue, [], document)) {
      const id = JSON.stringify(found.path);
      if (!findings.has(id)) findings.set(id, found);
    }
  }
  return [...findings.values()];
}

function describe(issue: Issue, prefix: Path, document: unknown): readonly Finding[] {
  const path = [...prefix, ...(issue.path as Path)];
  const value = valueAt(document, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key));
    case 'invalid_key':
      return [badKey(path, issue.issues[0]?.message ?? 'another name')];
    case 'invalid_union': {
      const branch = nearestBranch(issue.errors, value);
      if (branch) return branch.flatMap((inner) => describe(inner, path, document));
      return [plain(issue, path, value)];
    }
    default:
      return [plain(issue, path, value)];
  }
}

/** The alternative that the value was meant to be: the one that takes its type. */
function nearestBranch(
  branches: readonly (readonly Issue[])[],
  value: unknown,
): readonly Issue[] | undefined {
  const isSection = typeof value === 'object' && value !== null;
  return branches.find((issues) => {
    const rejectsType = issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type');
    const isChoice = issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_value');
    return (
      issues.length > 0 && !rejectsType && isChoice !== isSection && (isSection || typeof value === 'string')
    );
  });
}

function plain(issue: Issue, path: Path, value: unknown): Finding {
  const instead = insteadOfValue(path, value);
  if (instead !== undefined) {
    return finding(path, 'value', `${String(value)} is not available in this version; ${instead}`);
  }
  const { found } = parametersOf(issue);
  const suggestion = suggest(issue, value);
  if (found !== undefined)
    return finding(path, 'value', `found ${found}, expected ${issue.message}`, suggestion);
  return unfit(path, value, issue.message, suggestion);
}

function suggest(issue: Issue, value: unknown): string | undefined {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    return didYouMean(value, issue.values.map(String));
  }
  if (issue.code === 'custom') return parametersOf(issue).suggestion;
  // A bare number where a duration or a size was expected most often lacks its unit.
  if (issue.code === 'invalid_type' && typeof value === 'number' && value >= 0) {
    if (issue.message.startsWith('a duration')) return `Did you mean ${quote(`${value}s`)}?`;
    if (issue.message.startsWith('a size')) return `Did you mean ${quote(`${value}mb`)}?`;
  }
  return undefined;
}

function parametersOf(issue: Issue): UnfitParameters {
  return issue.code === 'custom' ? ((issue.params ?? {}) as UnfitParameters) : {};
}

function unknownKey(section: Path, key: string): Finding {
  const path = [...section, key];
  const instead = insteadOfKey(path);
  if (instead !== undefined) {
    return finding(path, 'key', `${key} is not available in this version; ${instead}`);
  }
  const known = knownKeys(section);
  const meant = didYouMean(key, known);
  if (meant !== undefined) return finding(path, 'key', 'found an unknown key', meant);
  return finding(path, 'key', `found an unknown key, expected ${oneOf(known)}`);
}

function badKey(path: Path, expected: string): Finding {
  return finding(path, 'key', `found ${quote(String(path.at(-1)))}, expected ${expected}`);
}
