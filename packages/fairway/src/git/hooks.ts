import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** The hooks that Fairway answers; each is one call of its CLI. */
const HOOKS = ['pre-receive', 'post-receive'] as const;

const MARK = '# Written by Fairway. Changes are overwritten; it has no settings of its own.';

/** A hook that somebody else wrote is in the way. */
class HookTaken extends Error {
  override readonly name = 'HookTaken';
  readonly code = 'hook-taken';
  constructor(file: string) {
    super(
      `${file} exists and was not written by Fairway, which needs that place to receive pushes. ` +
        'Move it away (its checks can run in the app’s build) and try again.',
    );
  }
}

/**
 * Puts the hooks into a bare repository, so that git runs `command… hook NAME options…`. Writes only what differs.
 * Throws {@link HookTaken} rather than replace a hook of somebody else's.
 */
export async function installHooks(
  repository: string,
  command: readonly string[],
  options: readonly string[],
): Promise<void> {
  const folder = join(repository, 'hooks');
  await mkdir(folder, { recursive: true });
  const wanted = HOOKS.map((hook) => ({ file: join(folder, hook), text: script(hook, command, options) }));
  const present = await Promise.all(wanted.map(({ file }) => readIfThere(file)));
  for (const [index, { file }] of wanted.entries()) {
    const text = present[index];
    if (text !== undefined && !text.includes(MARK)) throw new HookTaken(file);
  }
  for (const [index, { file, text }] of wanted.entries()) {
    if (present[index] !== text) await replace(file, text);
    else await chmod(file, 0o755);
  }
}

function script(hook: string, command: readonly string[], options: readonly string[]): string {
  return [
    '#!/bin/sh',
    MARK,
    ...command.filter(isAbsolute).map(requireThere),
    `exec ${[...command, 'hook', hook, ...options].map(quote).join(' ')}`,
    '',
  ].join('\n');
}

/** Node may have been upgraded and Fairway moved since; the person pushing is to read more than Node's stack trace. */
function requireThere(file: string): string {
  const sentence = `Fairway cannot be started: ${file} is gone. Run "fairway serve" again to repair this hook.`;
  return `[ -e ${quote(file)} ] || { echo ${quote(sentence)} >&2; exit 1; }`;
}

/** One word for a POSIX shell, whatever it holds. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** In one move: a push that arrives meanwhile finds the old hook or the new one, never half of it. */
async function replace(file: string, text: string): Promise<void> {
  const partial = `${file}.${randomUUID()}`;
  await writeFile(partial, text, { mode: 0o755 });
  await chmod(partial, 0o755);
  await rename(partial, file);
}
