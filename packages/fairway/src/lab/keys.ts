import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from './command.ts';
import { hostPaths, labPaths } from './paths.ts';
import type { LabRecord } from './record.ts';

/** Makes the lab's own key, which its hosts let in as root, and each host's key, so that they are known beforehand. */
export async function ensureKeys(record: LabRecord): Promise<void> {
  const files = [
    labPaths(record.name).privateKey,
    ...record.hosts.map(({ name }) => hostPaths(record.name, name).hostKey),
  ];
  await Promise.all(files.map((file) => ensureKey(file, `fairway-lab-${record.name}`)));
  writeFileSync(labPaths(record.name).knownHosts, knownHosts(record));
  writeFileSync(labPaths(record.name).sshConfig, sshConfig(record));
}

async function ensureKey(file: string, comment: string): Promise<void> {
  if (existsSync(file) && existsSync(`${file}.pub`)) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
}

function knownHosts(record: LabRecord): string {
  return record.hosts
    .map(({ name, address }) => {
      const [type, key] = readFileSync(`${hostPaths(record.name, name).hostKey}.pub`, 'utf8').split(' ');
      return `${name},${address} ${type} ${key!.trim()}\n`;
    })
    .join('');
}

/** For `ssh -F`: nothing of it depends on the person's own configuration. */
export function sshConfig(record: LabRecord): string {
  const { privateKey, knownHosts } = labPaths(record.name);
  const hosts = record.hosts.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n`);
  const everywhere = [
    'Host *',
    '  User root',
    `  IdentityFile ${privateKey}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${knownHosts}`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  BatchMode yes',
  ];
  return `${hosts.join('')}${everywhere.join('\n')}\n`;
}
