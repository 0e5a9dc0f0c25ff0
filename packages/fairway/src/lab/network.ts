import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import {
  bridgeName,
  hardwareAddress,
  isLinkOf,
  namespaceName,
  namespacePrefix,
  portName,
  tableName,
} from './naming.ts';
import { networkRules } from './network-rules.ts';
import { runDirectory } from './paths.ts';
import type { HostRecord, LabRecord } from './record.ts';
import { applyDelay, removeDelay } from './slow-line.ts';
import { machineAddress, prefixLength } from './subnet.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/** Networks that this machine has an address in or a route to. */
export async function networksInUse(): Promise<readonly string[]> {
  const routes = JSON.parse(await run('ip', ['-json', '-4', 'route', 'show', 'table', 'all'])) as {
    readonly dst: string;
  }[];
  return routes.map(({ dst }) => dst).filter((dst) => dst !== 'default');
}

/** Makes the lab's bridge unless it is there, and its rules anew. */
export async function ensureNetwork(record: LabRecord): Promise<void> {
  const bridge = bridgeName(record.name);
  if (!hasLink(bridge)) {
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  }
  await run('ip', [
    'address',
    'replace',
    `${machineAddress(record.subnet)}/${prefixLength(record.subnet)}`,
    'dev',
    bridge,
  ]);
  await run('ip', ['link', 'set', bridge, 'up']);
  await applyRules(record);
}

export async function applyRules(record: LabRecord): Promise<void> {
  await run('nft', ['-f', '-'], { input: networkRules(record) });
}

/** A network namespace with an eth0 on the lab's bridge: new at each power-on, as a machine's is. */
export async function connectHost(record: LabRecord, { name, address }: HostRecord): Promise<void> {
  await disconnectHost(record.name, { name, address });
  const namespace = namespaceName(record.name, name);
  const port = portName(record.name, address);
  const mac = hardwareAddress(record.name, address);
  await run('ip', ['netns', 'add', namespace]);
  await run('ip', [
    ...['link', 'add', port, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'address', mac, 'netns', namespace],
  ]);
  const inside = (...args: string[]) => run('ip', ['-n', namespace, ...args]);
  await inside('link', 'set', 'lo', 'up');
  await inside('address', 'add', `${address}/${prefixLength(record.subnet)}`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('route', 'add', 'default', 'via', machineAddress(record.subnet));
  await run('ip', ['link', 'set', port, 'master', bridgeName(record.name), 'up']);
  await applyDelay(record, { name, address });
}

/** Pulls the cable: nothing a dying machine sends gets out. */
export async function pullCable(lab: string, { address }: HostRecord): Promise<void> {
  const port = portName(lab, address);
  if (hasLink(port)) await run('ip', ['link', 'set', port, 'down']);
}

export async function disconnectHost(lab: string, { name, address }: HostRecord): Promise<void> {
  const port = portName(lab, address);
  await removeDelay(lab, { name, address });
  if (hasLink(port)) await run('ip', ['link', 'delete', port]);
  await deleteNamespace(namespaceName(lab, name));
}

/** Removes every link, namespace and table of a lab, found by their names. */
export async function removeNetwork(lab: string): Promise<void> {
  for (const link of listLinks().filter((one) => isLinkOf(lab, one))) {
    await run('ip', ['link', 'delete', link]);
  }
  for (const namespace of labNamespaces(lab)) await deleteNamespace(namespace);
  const table = tableName(lab);
  const input = ['ip', 'bridge'].map(
    (family) => `table ${family} ${table}\ndelete table ${family} ${table}\n`,
  );
  await run('nft', ['-f', '-'], { input: input.join('') });
}

/** Processes that run in a host's network, init first. */
export async function hostProcesses(lab: string, host: string): Promise<readonly number[]> {
  const namespace = namespaceName(lab, host);
  if (!existsSync(join('/run/netns', namespace))) return [];
  const output = await run('ip', ['netns', 'pids', namespace]);
  return output.split('\n').filter(Boolean).map(Number);
}

export function labNamespaces(lab: string): readonly string[] {
  if (!existsSync('/run/netns')) return [];
  return readdirSync('/run/netns').filter((name) => name.startsWith(namespacePrefix(lab)));
}

async function deleteNamespace(namespace: string): Promise<void> {
  if (existsSync(join('/run/netns', namespace))) await run('ip', ['netns', 'delete', namespace]);
}

function listLinks(): readonly string[] {
  return readdirSync('/sys/class/net');
}

function hasLink(name: string): boolean {
  return existsSync(join('/sys/class/net', name));
}

/** Lets packets of labs through this machine, and remembers how it was. To be called under the machine lock. */
export function turnForwardingOn(): void {
  const before = readFileSync(FORWARDING, 'utf8').trim();
  if (before === '1') return;
  mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
  writeFileSync(rememberedForwarding(), before);
  writeFileSync(FORWARDING, '1');
}

/** When the last lab is gone: forwarding as it was before the first. To be called under the machine lock. */
export function restoreForwarding(): void {
  if (!existsSync(rememberedForwarding())) return;
  writeFileSync(FORWARDING, readFileSync(rememberedForwarding(), 'utf8'));
  rmSync(rememberedForwarding());
}

function rememberedForwarding(): string {
  return join(runDirectory, 'ip_forward.before');
}
