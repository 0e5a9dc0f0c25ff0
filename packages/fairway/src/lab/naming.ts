import { createHash } from 'node:crypto';
import { LabProblem } from './lab-problem.ts';

/** A name of a host as RFC 1123 has it, in lower case: it ends up in paths, in /etc/hosts and in arguments. */
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

export function checkHostName(name: string): string {
  if (name.length <= 63 && NAME.test(name)) return name;
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(name)} is no name for a host of a lab`,
    'use 1 to 63 lower-case letters, digits and dashes, such as box1',
  );
}

export function checkLabName(name: string): string {
  if (name.length <= 63 && NAME.test(name)) return name;
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(name)} is no name for a lab`,
    'use 1 to 63 lower-case letters, digits and dashes, such as rehearsal',
  );
}

/** Names of what a lab makes in the kernel. They follow from its name, so that they are found without its files. */
export function bridgeName(lab: string): string {
  return `fw${labDigest(lab)}`;
}

/** The bridge's end of a host's cable. Interface names have at most 15 characters, so this is all there is room for. */
export function portName(lab: string, address: string): string {
  return `${bridgeName(lab)}-${hostDigits(address)}`;
}

/** The way that packets to a slow host take where the kernel cannot delay them: a bridge and the devices to either side. */
export function detourNames(
  lab: string,
  address: string,
): { readonly bridge: string; readonly labSide: string; readonly hostSide: string } {
  const rest = portName(lab, address).slice('fw'.length);
  return { bridge: `fx${rest}`, labSide: `fy${rest}`, hostSide: `fz${rest}` };
}

/** Whether a link is one of a lab: its bridge, a cable or a detour. */
export function isLinkOf(lab: string, link: string): boolean {
  return /^f[wxyz]/.test(link) && link.slice(2).startsWith(labDigest(lab));
}

/** Of a host's eth0. It stays the same over a reboot, so that neighbours need not learn a new one. */
export function hardwareAddress(lab: string, address: string): string {
  // The second digit of 2 says that it is made up: IEEE 802 keeps such addresses free for that.
  return ['02', ...`${labDigest(lab).slice(0, 6)}${hostDigits(address)}`.match(/../g)!].join(':');
}

export function tableName(lab: string): string {
  return `fairway_lab_${labDigest(lab)}`;
}

/** Dots keep lab and host apart: neither may have one. */
export function namespaceName(lab: string, host: string): string {
  return `${namespacePrefix(lab)}${host}`;
}

export function namespacePrefix(lab: string): string {
  return `fairway.${lab}.`;
}

/** The last two numbers of the address, which tell hosts of a /16 apart. */
function hostDigits(address: string): string {
  return address
    .split('.')
    .slice(2)
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('');
}

function labDigest(lab: string): string {
  return createHash('sha256').update(lab).digest('hex').slice(0, 8);
}
