import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import { BuildFailed } from '../build-failed.ts';
import type { PackageJson } from './package-json.ts';

/** Which Node an app asks for, and where it says so. */
export interface WantedNode {
  /** A semver range. */
  readonly range: string;
  readonly source: string;
}

/** Code names that `.nvmrc` may hold. Source: nodejs/Release, schedule.json. */
const LONG_TERM: Readonly<Record<string, number>> = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
};

/** The configuration's word first, then `.nvmrc`, `.node-version` and `engines`; undefined when none of them says. */
export async function wantedNode(
  configured: string | undefined,
  folders: readonly string[],
  app: PackageJson | undefined,
): Promise<WantedNode | undefined> {
  if (configured !== undefined) return parseVersion(configured, 'runtime.version in fairway.yml');
  for (const folder of folders) {
    for (const name of ['.nvmrc', '.node-version']) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
      const line = text
        ?.split('\n')
        .find((candidate) => candidate.trim() !== '' && !candidate.startsWith('#'));
      if (line !== undefined) return parseVersion(line.replace(/#.*/, '').trim(), name);
    }
  }
  const engines = app?.engines?.node;
  return engines === undefined ? undefined : parseVersion(engines, 'engines.node in package.json');
}

/** Throws BuildFailed for text that names no version. */
export function parseVersion(text: string, source: string): WantedNode | undefined {
  if (['node', 'stable', 'latest', 'current', ''].includes(text)) return undefined;
  const longTerm = /^lts\/(.+)$/.exec(text)?.[1]?.toLowerCase();
  if (longTerm === '*')
    return {
      range: Object.values(LONG_TERM)
        .map((major) => `^${major}`)
        .join(' || '),
      source,
    };
  const major = longTerm === undefined ? undefined : LONG_TERM[longTerm];
  const range = major === undefined ? text : `^${major}`;
  if (semver.validRange(range) !== null) return { range, source };
  throw new BuildFailed({
    step: 'node',
    reason: `${source} asks for Node ${JSON.stringify(text)}, which is no version.`,
    hint: 'Write a version such as 20 or ^20.11, there or as runtime.version in fairway.yml.',
  });
}
