import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { procPids } from './process-table.ts';

/** State "listening" of a socket in /proc/net/tcp, see the kernel's Documentation/networking/proc_net_tcp.rst. */
const listening = '0A';

/** Which process listens on a TCP port; undefined where that cannot be told (other users' processes, no /proc). */
export function findListener(port: number): { pid: number; name: string } | undefined {
  if (process.platform !== 'linux') return undefined;
  const sockets = new Set(listeningInodes(port).map((inode) => `socket:[${inode}]`));
  const pid = procPids().find((candidate) => openFiles(candidate).some((file) => sockets.has(file)));
  return pid === undefined ? undefined : { pid, name: nameOf(pid) };
}

function listeningInodes(port: number): readonly string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    read(table)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === listening)
      .map((fields) => fields[9] ?? ''),
  );
}

function openFiles(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((descriptor) => readlinkSync(`${folder}/${descriptor}`));
  } catch {
    return [];
  }
}

function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim() || 'unknown';
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
