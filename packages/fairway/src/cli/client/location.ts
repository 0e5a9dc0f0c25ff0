import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryIdentity } from '../../directory-identity.ts';
import type { ServerFile } from '../../server/api.ts';

/** Where the control server is and how to enter it. */
export interface Location {
  readonly url: string;
  readonly token: string | undefined;
}

/** Where to look for the server: an address that a person gave, or the state directory of one on this machine. */
export type Whereabouts =
  | { readonly kind: 'given'; readonly url: string; readonly token: string | undefined }
  | { readonly kind: 'state'; readonly stateDirectory: string };

/** The control server does not answer. Says what can be known of why. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
  readonly code = 'server-unreachable';
  readonly hint: string;
  constructor(fact: string, hint: string, options?: ErrorOptions) {
    super(`The control server cannot be reached: ${fact}`, options);
    this.hint = hint;
  }
}

/** Reads `server.json` anew each time: a restarted server may have another address. */
export async function locate(whereabouts: Whereabouts): Promise<Location> {
  if (whereabouts.kind === 'given') return { url: whereabouts.url, token: whereabouts.token };
  const file = await readServerFile(whereabouts.stateDirectory);
  return { url: file.url, token: file.token };
}

/** Throws {@link ServerUnreachable} when there is none, or none that can be read. */
export async function readServerFile(stateDirectory: string): Promise<ServerFile> {
  const path = join(stateDirectory, 'server.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  }
  try {
    const { url, pid, directory, token } = JSON.parse(text) as Partial<ServerFile>;
    if (typeof url === 'string' && typeof pid === 'number' && typeof token === 'string') {
      if (directory !== undefined && directory !== directoryIdentity(stateDirectory)) throw copied(path);
      return { url, pid, token };
    }
  } catch (error) {
    if (error instanceof ServerUnreachable) throw error;
    // Falls through to the same answer: it is not what the server writes.
  }
  throw new ServerUnreachable(
    `${path} is damaged`,
    'restart the server, which writes it anew: fairway serve',
  );
}

function copied(path: string): ServerUnreachable {
  return new ServerUnreachable(
    `${path} was copied from another state directory, whose server it names`,
    'give this production its own ports in fairway.yml, then start its own server: fairway serve',
  );
}

function unreadable(path: string, cause: NodeJS.ErrnoException): ServerUnreachable {
  if (cause.code === 'ENOENT') {
    return new ServerUnreachable(`it does not run, there is no ${path}`, 'start it with: fairway serve', {
      cause,
    });
  }
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new ServerUnreachable(
      `${path} belongs to another user`,
      'ask for a token (fairway token add) and set FAIRWAY_URL and FAIRWAY_TOKEN',
      { cause },
    );
  }
  return new ServerUnreachable(`${path} cannot be read: ${cause.message}`, 'start it with: fairway serve', {
    cause,
  });
}

/** Why a connection failed, as far as this machine can tell: no process, or one that does not answer. */
export async function diagnose(
  whereabouts: Whereabouts,
  url: string,
  cause: Error,
): Promise<ServerUnreachable> {
  const reason = reasonOf(cause);
  if (whereabouts.kind === 'given') {
    return new ServerUnreachable(`${url}: ${reason}`, 'check --server or FAIRWAY_URL', { cause });
  }
  const file = await readServerFile(whereabouts.stateDirectory).catch((error: unknown) => error);
  if (file instanceof ServerUnreachable) return file;
  const { pid } = file as ServerFile;
  if (!isAlive(pid)) {
    return new ServerUnreachable(`its process ${pid} has ended`, 'start it with: fairway serve', { cause });
  }
  return new ServerUnreachable(
    `process ${pid} lives but ${url} does not answer: ${reason}`,
    `see ${join(whereabouts.stateDirectory, 'serve.log')}, or end that process and start it with: fairway serve`,
    { cause },
  );
}

/** Whether a process with this id exists; one of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function reasonOf(cause: Error): string {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
      return 'no such host name';
    case 'ECONNRESET':
      return 'the connection broke';
    default:
      // The message of an AggregateError (several addresses tried) is empty.
      return cause.message || code || 'no connection';
  }
}
