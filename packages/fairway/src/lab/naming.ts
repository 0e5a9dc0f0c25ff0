import { createHash } from 'node:crypto';
import { LabProblem } from './lab-problem.ts';

/** A host name as RFC 1123 has it, in lower case: it ends up in paths, in /etc/hosts and in arguments. */
const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

export function checkHostName(name: string): string {
  if (HOST_NAME.test(name)) return name;
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(name)} is no name for a host of a lab`,
    'use 1 to 32 lower-case letters, digits and dashes, such as box1',
  );
}

export function checkLabName(name: string): string {
  if (HOST_NAME.test(name)) return name;
  throw new LabProblem(
    'lab-input',
    `${JSON.stringify(name)} is no name for a lab`,
    'use 1 to 32 lower-case letters, digits and dashes, such as rehearsal',
  );
}

/** Names of what a lab makes in the kernel. They follow from its name, so that they are found without its files. */
export function bridgeName(lab: string): string {
  return `fwl${labDigest(lab)}`;
}

/** The bridge's end of a host's cable. Interface names have at most 15 characters. */
export function portName(lab: string, address: string): string {
  return `${bridgeName(lab)}-${lastOctet(address)}`;
}

/** Of a host's eth0. It stays the same over a reboot, so that neighbours need not learn a new one. */
export function hardwareAddress(lab: string, address: string): string {
  const digits = labDigest(lab).match(/../g)!;
  return ['02', ...digits, Number(lastOctet(address)).toString(16).padStart(2, '0')].join(':');
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

function lastOctet(address: string): string {
  return address.slice(address.lastIndexOf('.') + 1);
}

function labDigest(lab: string): string {
  return createHash('sha256').update(lab).digest('hex').slice(0, 8);
}
