import {
  AuthenticationRefused,
  HostKeyChanged,
  HostKeyUnknown,
  HostUnreachable,
  type SshError,
  SshUnusable,
} from './errors.ts';
import type { SshTarget } from './target.ts';

/** `user@address`, with the port where it is not 22. */
export function destinationOf({ user, address, port }: SshTarget): string {
  return `${user}@${address}${port === 22 ? '' : ` port ${port}`}`;
}

/** Why ssh ended without a connection, by what it wrote. Its words are the same in every language. */
export function connectionFailure(target: SshTarget, written: string): SshError {
  const destination = destinationOf(target);
  const lines = written
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Warning: Permanently added'));
  const reason = lines.at(-1) ?? 'ssh ended without a word';
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/.test(written)) {
    return new HostKeyChanged(target.name, destination, target.knownHostsFile);
  }
  if (/No \S+ host key is known for|Host key verification failed/.test(written)) {
    return new HostKeyUnknown(target.name, destination, target.knownHostsFile);
  }
  const refusal = lines.find((line) => /Permission denied|Too many authentication failures/.test(line));
  if (refusal !== undefined) return new AuthenticationRefused(target.name, destination, refusal);
  if (/Bad configuration option|command-line: line \d+|terminating, \d+ bad/.test(written)) {
    return new SshUnusable(target.name, lines[0] ?? reason);
  }
  return new HostUnreachable(target.name, destination, reason);
}
