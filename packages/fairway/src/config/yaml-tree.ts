import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { quote } from './found.ts';

export type Path = readonly (string | number)[];

interface Position {
  readonly line: number;
  readonly column: number;
}

interface TreeProblem {
  readonly path: Path;
  readonly position: Position;
  readonly message: string;
  readonly suggestion?: string;
}

/** A YAML document as plain values that remember where they stand. */
export interface YamlTree {
  readonly value: unknown;
  readonly problems: readonly TreeProblem[];
  /** False when the text is so far from YAML that `value` means nothing. */
  readonly readable: boolean;
  /** Where the value at `path` (or its key) stands, or else the nearest thing around it. */
  locate(path: Path, at: 'key' | 'value'): Position;
}

export interface TreeOptions {
  /** Scalars here are kept as they are written: `1.10` stays `1.10` and is not the number 1.1. */
  readonly asWritten: (path: Path) => boolean;
}

const MOST_VALUES = 20_000;
const DEEPEST = 40;
const CONFLICT = ['found the mark of a merge conflict, expected it to be resolved'] as const;
const PLAIN_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

/** Reads YAML 1.2 with merge keys. Aliases are followed, up to a bound, never in circles. Does not throw. */
export function readYamlTree(text: string, options: TreeOptions): YamlTree {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    // At `silent` a second document would be dropped without an error.
    logLevel: 'error',
  });
  const places = new Map<string, { key?: number; value?: number }>();
  const problems: TreeProblem[] = [];
  let readable = true;
  let values = 0;

  function positionOf(offset: number): Position {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  function complain(path: Path, offset: number, message: string, suggestion?: string): void {
    problems.push({ path, position: positionOf(offset), message, ...(suggestion && { suggestion }) });
  }

  for (const error of document.errors) {
    const { line } = positionOf(error.pos[0]);
    if (error.code !== 'DUPLICATE_KEY') {
      readable = false;
      // What follows on the same line follows from the first.
      if (problems.some((problem) => problem.position.line === line)) continue;
    }
    const isConflict = /^(<{7}|={7}|>{7})( |$)/.test(text.split('\n')[line - 1] ?? '');
    const [message, suggestion] = isConflict ? CONFLICT : describeSyntaxError(error.code, error.message);
    complain([], error.pos[0], message, suggestion);
    if (isConflict) break;
  }

  function place(path: Path, part: 'key' | 'value', offset: number | undefined): void {
    const id = JSON.stringify(path);
    places.set(id, { ...places.get(id), [part]: offset });
  }

  function walk(node: unknown, path: Path, ancestors: readonly unknown[]): unknown {
    if (!isNode(node)) return null;
    const offset = node.range?.[0] ?? 0;
    values += 1;
    if (values > MOST_VALUES || ancestors.length > DEEPEST) {
      if (readable) complain(path, offset, tooMuch(ancestors.length > DEEPEST));
      readable = false;
      return null;
    }
    if (isAlias(node)) return walkAlias(node, path, ancestors);
    place(path, 'value', offset);
    if (node.tag !== undefined && !PLAIN_TAG.test(node.tag)) {
      complain(path, offset, `found the tag ${quote(node.tag)}, expected a plain value`);
      return null;
    }
    if (isMap(node)) return walkMap(node, path, [...ancestors, node]);
    if (isSeq(node))
      return node.items.map((item, index) => walk(item, [...path, index], [...ancestors, node]));
    if (!isScalar(node)) return null;
    const plain = node.value as unknown;
    const written = typeof plain === 'number' || typeof plain === 'boolean';
    return written && options.asWritten(path) ? (node.source ?? String(plain)) : plain;
  }

  function walkAlias(node: Node, path: Path, ancestors: readonly unknown[]): unknown {
    const target = isAlias(node) ? node.resolve(document) : undefined;
    const offset = node.range?.[0] ?? 0;
    const name = isAlias(node) ? node.source : '';
    if (target === undefined) {
      complain(path, offset, `found the alias *${name}, expected an anchor &${name} before it`);
      return null;
    }
    if (ancestors.includes(target)) {
      complain(path, offset, `found the alias *${name} within its own anchor, expected an end`);
      return null;
    }
    return walk(target, path, [...ancestors, node]);
  }

  function walkMap(map: YAMLMap, path: Path, ancestors: readonly unknown[]): Record<string, unknown> {
    const own: Record<string, unknown> = {};
    const merged: Record<string, unknown> = {};
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const name = keyName(key?.value);
      const offset = key?.range?.[0] ?? map.range?.[0] ?? 0;
      // The second of two equal keys is a problem by itself; the first is the one that is read.
      if (name === undefined || Object.hasOwn(own, name)) continue;
      if (name === '<<') {
        mergeInto(merged, pair.value, path, offset, ancestors);
      } else if (name === '__proto__') {
        complain([...path, name], offset, 'found an unknown key, expected another name');
      } else {
        own[name] = walk(pair.value, [...path, name], ancestors);
        place([...path, name], 'key', offset);
        if (pair.value === null) place([...path, name], 'value', offset);
      }
    }
    return { ...merged, ...own };
  }

  function mergeInto(
    merged: Record<string, unknown>,
    node: unknown,
    path: Path,
    offset: number,
    ancestors: readonly unknown[],
  ): void {
    const source = isAlias(node) ? node.resolve(document) : node;
    const several: readonly unknown[] = isSeq(source) ? source.items : [node];
    for (const one of several) {
      const value = walk(one, path, ancestors);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        for (const [name, inner] of Object.entries(value)) {
          if (!Object.hasOwn(merged, name)) merged[name] = inner;
        }
      } else {
        complain([...path, '<<'], offset, 'found something else, expected keys and values to merge in');
      }
    }
  }

  const value = readable ? walk(document.contents, [], []) : null;

  function locate(path: Path, at: 'key' | 'value'): Position {
    for (let length = path.length; length >= 0; length -= 1) {
      const known = places.get(JSON.stringify(path.slice(0, length)));
      const whole = length === path.length;
      // Something that is missing is shown at the key of what it is missing from.
      const offset = whole && at === 'value' ? (known?.value ?? known?.key) : (known?.key ?? known?.value);
      if (offset !== undefined) return positionOf(offset);
    }
    return { line: 1, column: 1 };
  }

  return { value, problems, readable, locate };
}

function isNode(value: unknown): value is Node {
  return isAlias(value) || isScalar(value) || isMap(value) || isSeq(value);
}

function keyName(value: unknown): string | undefined {
  if (typeof value === 'symbol') return value.description;
  return value === undefined ? undefined : String(value);
}

function tooMuch(deep: boolean): string {
  return deep
    ? `found values nested more than ${DEEPEST} deep, expected a few levels`
    : `found more than ${MOST_VALUES} values once its aliases are followed, expected fewer`;
}

function describeSyntaxError(code: string, message: string): readonly [string, string?] {
  if (code === 'TAB_AS_INDENT') return ['found a tab, expected spaces for indentation'];
  if (code === 'DUPLICATE_KEY') return ['found the same key a second time, expected each key once'];
  if (code === 'MULTIPLE_DOCS') return ['found a second document ("---"), expected one'];
  if (code === 'RESOURCE_EXHAUSTION') return [tooMuch(true)];
  const reason = message.split('\n')[0]!.replace(/\.$/, '');
  const quoting = code === 'BAD_SCALAR_START' || code === 'BLOCK_AS_IMPLICIT_KEY';
  return [
    `found invalid YAML: ${reason}`,
    quoting ? 'Text with special characters needs quotes around it.' : undefined,
  ];
}
