import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { writePrivately } from '../private-file.ts';
import { connectionFailure } from '../ssh/connection-failure.ts';
import { HostKeyChanged, HostKeyUnknown, type SshError } from '../ssh/errors.ts';
import { type SshTarget, sshArguments } from '../ssh/target.ts';
import { ChangedHostKey } from './changed-host-key.ts';
import { type HostKey, parseKnownHosts, withHostKeys } from './host-keys.ts';

/** What is found out about the keys of hosts before anything is sent to them. */
export interface HostKeySurvey {
  /** Not known yet, by the name of the host. */
  readonly unknown: readonly { readonly host: string; readonly keys: readonly HostKey[] }[];
  /** Hosts that cannot be used, with the reason. */
  readonly failures: readonly SshError[];
}

/**
 * Connects to every host as provisioning would, with strict host keys. What a file of the user's knows (or `trusted`) is
 * taken over; what nobody knows yet is given back to be asked about. Throws {@link ChangedHostKey} for the first host
 * that shows another key than before.
 */
export async function surveyHostKeys(
  targets: readonly SshTarget[],
  trusted: readonly string[] = [],
): Promise<HostKeySurvey> {
  const found = await Promise.all(
    targets.map(async (target) => ({ target, failure: await connect(target) })),
  );
  const failures: SshError[] = [];
  const unknown: { host: string; keys: readonly HostKey[] }[] = [];
  for (const { target, failure } of found) {
    if (failure === undefined) continue;
    const isAboutKey = failure instanceof HostKeyUnknown || failure instanceof HostKeyChanged;
    const shown = isAboutKey ? await shownKeys(target) : [];
    if (failure instanceof HostKeyChanged)
      throw new ChangedHostKey(target, await learned(target, shown), shown);
    if (shown.length === 0) failures.push(failure);
    else if (await areKnownToUser(shown, trusted)) await rememberHostKeys(target.knownHostsFile, shown);
    else unknown.push({ host: target.name, keys: shown });
  }
  return { unknown, failures };
}

/** Takes keys for those of their places from now on. */
export async function rememberHostKeys(knownHostsFile: string, keys: readonly HostKey[]): Promise<void> {
  if (keys.length === 0) return;
  await mkdir(dirname(knownHostsFile), { recursive: true, mode: 0o700 });
  const before = await readFile(knownHostsFile, 'utf8').catch(() => '');
  writePrivately(knownHostsFile, withHostKeys(before, keys));
}

/** A connection that is open already would say nothing of the key. */
const FRESH = ['-o', 'ControlMaster=no', '-o', 'ControlPath=none'];

async function connect(target: SshTarget): Promise<SshError | undefined> {
  const words = [...FRESH, ...sshArguments(target), '-n', '--', target.address, 'true'];
  const { exitCode, stderr, shortMessage } = await execa('ssh', words, { reject: false });
  return exitCode === 0 ? undefined : connectionFailure(target, stderr || (shortMessage ?? ''));
}

/** The key that the host shows now, written down by ssh itself, so that a jump host is passed as it would be later. */
async function shownKeys(target: SshTarget): Promise<HostKey[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fairway-host-keys-'));
  const file = join(folder, 'known_hosts');
  const options = [
    ...['StrictHostKeyChecking=accept-new', `UserKnownHostsFile="${file}"`, 'GlobalKnownHostsFile=/dev/null'],
    ...['HashKnownHosts=no', 'UpdateHostKeys=no', 'PreferredAuthentications=none'],
  ].flatMap((option) => ['-o', option]);
  try {
    await execa('ssh', [...options, ...FRESH, ...sshArguments(target), '-n', '--', target.address, 'true'], {
      reject: false,
    });
    return parseKnownHosts(await readFile(file, 'utf8').catch(() => ''));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function learned(target: SshTarget, shown: readonly HostKey[]): Promise<HostKey[]> {
  const places = new Set(shown.map(({ place }) => place));
  const known = parseKnownHosts(await readFile(target.knownHostsFile, 'utf8').catch(() => ''));
  return known.filter(({ place }) => places.has(place));
}

/** Whether one of the user's own files has each of these keys for its place, hashed or not. */
async function areKnownToUser(shown: readonly HostKey[], trusted: readonly string[]): Promise<boolean> {
  const files = [...trusted, join(homedir(), '.ssh', 'known_hosts')];
  const known = await Promise.all(shown.map((key) => Promise.all(files.map((file) => hasKey(file, key)))));
  return known.every((inFiles) => inFiles.some(Boolean));
}

async function hasKey(file: string, { place, type, key }: HostKey): Promise<boolean> {
  const { stdout } = await execa('ssh-keygen', ['-F', place, '-f', file], { reject: false });
  return (stdout ?? '').split('\n').some((line) => line.includes(` ${type} ${key}`));
}
