import type { HostRecord, LabRecord } from './record.ts';

export interface HostFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

export interface HostFileFacts {
  readonly record: LabRecord;
  readonly host: HostRecord;
  readonly resolvers: string;
  readonly machineId: string;
  readonly authorizedKey: string;
  readonly hostKey: { readonly private: string; readonly public: string };
}

/** What a new host's disk holds beside the base: all that makes it this machine and no other. */
export function hostFiles(facts: HostFileFacts): readonly HostFile[] {
  const { record, host } = facts;
  return [
    { path: 'etc/hostname', mode: 0o644, content: `${host.name}\n` },
    { path: 'etc/hosts', mode: 0o644, content: `${LOOPBACK_HOSTS}${hostsEntries(record)}` },
    { path: 'etc/resolv.conf', mode: 0o644, content: facts.resolvers },
    // Not an empty one: that would make the first boot turn on services that Debian leaves off.
    { path: 'etc/machine-id', mode: 0o444, content: `${facts.machineId}\n` },
    { path: 'etc/ssh/ssh_host_ed25519_key', mode: 0o600, content: facts.hostKey.private },
    { path: 'etc/ssh/ssh_host_ed25519_key.pub', mode: 0o644, content: facts.hostKey.public },
    { path: 'root/.ssh/authorized_keys', mode: 0o600, content: facts.authorizedKey },
  ];
}

const LOOPBACK_HOSTS = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n';

function hostsEntries(record: LabRecord): string {
  return record.hosts.map(({ name, address }) => `${address} ${name}\n`).join('');
}

/** A host's /etc/hosts with the lab's hosts that it does not name yet; the same text when it names all. */
export function withHostsEntries(present: string, record: LabRecord): string {
  const known = new Set(present.split('\n').map((line) => line.trim().split(/\s+/)[0]));
  const missing = record.hosts.filter(({ address }) => !known.has(address));
  const gap = present === '' || present.endsWith('\n') ? '' : '\n';
  return missing.length === 0 ? present : present + gap + hostsEntries({ ...record, hosts: missing });
}

/**
 * The resolv.conf for the hosts: this machine's, or, where that points to a resolver on its own loopback that no other
 * machine can ask, the file in which systemd-resolved keeps the real ones.
 */
export function chooseResolvers(own: string, behindResolved: string | undefined): string {
  const isLoopback = /^nameserver\s+(127\.|::1)/m.test(own);
  return isLoopback && behindResolved !== undefined ? behindResolved : own;
}
