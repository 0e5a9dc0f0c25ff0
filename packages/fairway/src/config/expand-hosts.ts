import { isIP } from 'node:net';
import { type Finding, finding, unfit, valueAt } from './finding.ts';
import { HOST_NAME, isDnsName } from './names.ts';
import type { Host } from './production.ts';
import { expandRange, InvalidRange } from './ranges.ts';
import { hostsSchema } from './schema/production-schema.ts';
import { readWithoutBroken } from './without-broken.ts';
import type { Path } from './yaml-tree.ts';

/** The machine that Fairway itself runs on. */
export const LOCAL_HOST: Host = { name: 'local', address: '127.0.0.1', roles: [] };

export interface ExpandedHosts {
  /** This machine first. */
  readonly hosts: readonly Host[];
  /** What is wrong with ranges, names and addresses. What the schema says of the section is not repeated. */
  readonly findings: readonly Finding[];
  /** False when some hosts could not be read. */
  readonly complete: boolean;
}

/** The hosts that a document's `hosts:` section names, as far as it is fine. */
export function readHosts(document: unknown): ExpandedHosts {
  const section = valueAt(document, ['hosts']) ?? {};
  const parsed = hostsSchema.safeParse(section);
  const broken = parsed.success ? [] : parsed.error.issues.map((issue) => issue.path as Path);
  const { hosts, findings } = expandHosts(readWithoutBroken(hostsSchema, section, broken) ?? {});
  return { hosts, findings, complete: parsed.success && findings.length === 0 };
}

function expandHosts(
  section: Readonly<Record<string, { readonly address: string }>>,
): Omit<ExpandedHosts, 'complete'> {
  const hosts = new Map<string, Host>([[LOCAL_HOST.name, LOCAL_HOST]]);
  const findings: Finding[] = [];
  for (const [key, { address }] of Object.entries(section)) {
    const keyPath = ['hosts', key];
    const addressPath = [...keyPath, 'address'];
    const names = expand(key);
    const addresses = expand(address);
    if (names instanceof InvalidRange) {
      findings.push(finding(keyPath, 'key', `found ${JSON.stringify(key)}, expected ${names.message}`));
      continue;
    }
    if (addresses instanceof InvalidRange) {
      findings.push(unfit(addressPath, address, addresses.message));
      continue;
    }
    if (addresses.length !== names.length) {
      const expected = names.length === 1 ? 'one address' : `a range of ${names.length}, one for each host`;
      findings.push(unfit(addressPath, address, `${expected} (found ${addresses.length})`));
      continue;
    }
    const bad = addresses.find((one) => isIP(one) === 0 && (/^[\d.]+$/.test(one) || !isDnsName(one)));
    if (bad !== undefined) findings.push(unfit(addressPath, bad, 'an IP address or a host name'));
    for (const [index, name] of names.entries()) {
      if (!HOST_NAME.test(name)) {
        findings.push(
          finding(keyPath, 'key', `found the name "${name}", expected at most 63 of a-z, 0-9 and -`),
        );
        break;
      }
      if (hosts.has(name)) {
        const what = name === LOCAL_HOST.name ? 'which always is this machine' : 'which is named before';
        findings.push(finding(keyPath, 'key', `found the host ${name}, ${what}, expected another name`));
        break;
      }
      hosts.set(name, { name, address: addresses[index]!, roles: [] });
    }
  }
  return { hosts: [...hosts.values()], findings };
}

function expand(text: string): readonly string[] | InvalidRange {
  try {
    return expandRange(text);
  } catch (error) {
    if (error instanceof InvalidRange) return error;
    throw error;
  }
}

/** Whether instances on it run on this machine. */
export function isThisMachine(host: Host): boolean {
  return /^127\./.test(host.address) || host.address === '::1' || host.address === 'localhost';
}
