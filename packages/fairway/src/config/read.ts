import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from './found.ts';
import { readMachines } from './machines.ts';
import { parseProduction } from './parse.ts';
import { ConfigProblems } from './problem.ts';
import type { Production } from './production.ts';
import { presentRevision } from './secret-files.ts';
import type { FileSurroundings } from './surroundings.ts';

const LARGEST_BYTES = 1024 * 1024;

/**
 * Reads and checks a `fairway.yml`, and that every secret it names has a value. Addresses of machines that were created
 * come from the state directory.
 *
 * @throws ConfigProblems with everything that is wrong, also when the file cannot be read at all
 */
export async function readProduction(file: string, stateDirectory?: string): Promise<Production> {
  const secretRevision: FileSurroundings['secretRevision'] = (name, app, secret) =>
    presentRevision({ file, name }, app, secret);
  return read(file, stateDirectory, secretRevision);
}

/** The same for those who work on the secrets, which may have no values yet. */
export async function readProductionBeforeSecrets(file: string, stateDirectory: string): Promise<Production> {
  return read(file, stateDirectory, undefined);
}

async function read(
  file: string,
  stateDirectory: string | undefined,
  secretRevision: FileSurroundings['secretRevision'],
): Promise<Production> {
  const machines = stateDirectory === undefined ? {} : await readMachines(stateDirectory);
  return parseProduction(await readText(file), file, { machines, ...(secretRevision && { secretRevision }) });
}

async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw notText(file, bytes);
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    const { size, isFile, isDirectory } = await kindOf(file);
    if (isDirectory) throw aDirectory(file);
    // A pipe without a writer would be waited for without end.
    if (!isFile) throw wholeFile(file, 'found a device or a pipe, expected a file');
    if (size > LARGEST_BYTES) throw wholeFile(file, 'found more than 1 MB, expected a configuration file');
    return await readFile(file);
  } catch (error) {
    if (error instanceof ConfigProblems) throw error;
    throw unreadable(file, error as NodeJS.ErrnoException);
  }
}

async function kindOf(file: string) {
  const status = await stat(file);
  return { size: status.size, isFile: status.isFile(), isDirectory: status.isDirectory() };
}

function aDirectory(file: string): ConfigProblems {
  const inside = join(file, 'fairway.yml');
  return wholeFile(file, 'found a directory, expected a file', `Did you mean ${quote(inside)}?`);
}

function unreadable(file: string, error: NodeJS.ErrnoException): ConfigProblems {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return wholeFile(
        file,
        'found no such file',
        'Run "fairway init" to write one, or name it with --config.',
      );
    case 'EACCES':
      return wholeFile(file, 'found a file that may not be read', 'Check its owner and mode with ls -l.');
    default:
      return wholeFile(file, `could not be read: ${error.message}`);
  }
}

function notText(file: string, bytes: Buffer): ConfigProblems {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const message = isUtf16 ? 'found UTF-16, expected UTF-8' : 'found bytes that are not UTF-8, expected UTF-8';
  const line = isUtf16 ? 1 : lineOfBadByte(bytes);
  const suggestion = 'Save the file as UTF-8.';
  return new ConfigProblems([{ file, line, column: 1, path: '', message, suggestion }]);
}

function lineOfBadByte(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return 1;
}

function wholeFile(file: string, message: string, suggestion?: string): ConfigProblems {
  return new ConfigProblems([{ file, path: '', message, ...(suggestion !== undefined && { suggestion }) }]);
}
