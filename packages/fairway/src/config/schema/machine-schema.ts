import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { MACHINE_ROLES } from '../machine-roles.ts';
import { leaf, text, Unfit, wholeNumber } from './leaf.ts';
import { size } from './values.ts';

/** A host's name, perhaps with a range. */
const HOST_KEY = /^[a-z][a-z0-9-]*(\[\d+-\d+\])?[a-z0-9-]*$/;
/** As `useradd` of Debian takes it. */
const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const ROLE_NAME = /^[a-z][a-z0-9_-]*$/;

const userName = () => text('the name of a user, such as fairway', USER_NAME);
const roleName = () => text('the name of a role, such as monitoring', ROLE_NAME);

export const sshSchema = z.strictObject({
  user: userName()
    .optional()
    .describe('User that releases are deployed as. Left out: `fairway`, which `fairway provision` creates.'),
  port: wholeNumber(1, 65_535)
    .optional()
    .describe("Port of the machine's sshd. Left out: what your ssh_config says, or 22."),
  identity_file: text('a path of a private key')
    .optional()
    .describe('Private key; a relative path is relative to this file. Left out: your agent and ssh_config.'),
  config_file: text('a path of an ssh_config')
    .optional()
    .describe('ssh_config to use; a relative path is relative to this file. Left out: that of your user.'),
});

export const hostsSchema = z.record(
  z.string().regex(HOST_KEY, { error: 'a name of a-z, 0-9 and -, such as data1 or box[1-3]' }),
  z.strictObject({
    address: text('an IP address or a host name')
      .optional()
      .describe(
        "IP address or name. The key's range needs one of the same length here: `box[1-3]` and `10.0.0.[21-23]`. " +
          'Left out with provider lab or aws: the machine is created, and its address found out; one with an address ' +
          'exists already and is never created or destroyed.',
      ),
    roles: z
      .array(roleName(), { error: 'a list of roles' })
      .prefault([])
      .describe(
        `What the machine is set up for: ${MACHINE_ROLES.map((role) => `\`${role}\``).join(', ')}, or roles of your ` +
          'own that `provision` names. `app` is implied where `instances` name the host. Nothing is set up with ' +
          'provider local.',
      ),
    ssh: sshSchema.prefault({}).describe('Where this machine differs from `ssh` of the file.'),
  }),
);

export const provisionSchema = z.strictObject({
  user: userName()
    .prefault('root')
    .describe('User that sets machines up over SSH; it needs to be root or to have sudo.'),
  become: z
    .boolean()
    .optional()
    .describe('Whether sudo is used to become root. Left out: whenever `user` is not root.'),
  roles_path: text('a folder of Ansible roles')
    .prefault('roles')
    .describe('Folder of your own Ansible roles, relative to this file.'),
  before: z
    .array(roleName(), { error: 'a list of roles' })
    .prefault([])
    .describe(
      "Your own roles that run before Fairway's: on the hosts that name them, or on all if none does.",
    ),
  after: z
    .array(roleName(), { error: 'a list of roles' })
    .prefault([])
    .describe("The same, after Fairway's."),
});

/** The lab gives each of its machines an address of this network. */
const subnet = leaf(text('a private network, such as 10.90.0.0/24'), (written) => {
  const [network = '', bits = ''] = written.split('/');
  const isPrivate = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(network);
  const fits = /^\d{2}$/.test(bits) && Number(bits) >= 16 && Number(bits) <= 28;
  return isIPv4(network) && isPrivate && fits
    ? written
    : new Unfit('a private network of /16 to /28, such as 10.90.0.0/24');
});

export const labSchema = z.strictObject({
  subnet: subnet.optional().describe('Network of the machines. Left out: one that is free.'),
  memory: size('128mb', '1024gb')
    .optional()
    .describe('Memory that one machine may use. Left out: no limit of its own.'),
  disk: size('256mb', '1024gb')
    .optional()
    .describe("Size of one machine's disk. Left out: no limit of its own."),
});

export const awsSchema = z.strictObject({
  region: text('a region, such as eu-central-1', /^[a-z0-9-]+$/).describe('Region of the machines.'),
  image: text('the id of an image, such as ami-0abc', /^ami-[0-9a-z]+$/).describe('Image: Debian 12.'),
  instance_type: text('a type of instance, such as t3.small', /^[a-z0-9.-]+$/).describe('Type of instance.'),
  subnet: text('the id of a subnet, such as subnet-0abc', /^subnet-[0-9a-z]+$/).describe('Subnet.'),
  security_groups: z
    .array(text('the id of a security group, such as sg-0abc', /^sg-[0-9a-z]+$/), {
      error: 'a list of security groups',
    })
    .prefault([])
    .describe('Security groups beside those that Fairway makes, one for each role of the machines.'),
  key_name: text('the name of a key pair')
    .optional()
    .describe("Key pair whose private key `ssh` uses. Left out: Fairway's own key, which it imports."),
  endpoint_url: text('a URL that begins with http', /^https?:\/\//)
    .optional()
    .describe('Another endpoint of the EC2 API, for a compatible server.'),
});
