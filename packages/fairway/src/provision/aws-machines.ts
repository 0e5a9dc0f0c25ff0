import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Machines } from '../config/machines.ts';
import { optional } from '../config/optional.ts';
import type { AwsSettings, Production } from '../config/production.ts';
import { writePrivately } from '../private-file.ts';
import { awsGroupsOf, awsSecurityGroups, created } from './aws-security-groups.ts';
import { ensureDeployKey } from './deploy-key.ts';
import { provisionPaths } from './paths.ts';
import type { CreationPlace } from './place.ts';
import { runLocalPlaybook } from './run-local-playbook.ts';

/** Makes the machines of a production in AWS, or finds them, and gives their addresses within the network. */
export async function createAwsMachines(production: Production, place: CreationPlace): Promise<Machines> {
  const { stateDirectory } = place;
  const aws = settingsOf(production);
  const publicKey = await ensureDeployKey(stateDirectory, `fairway ${production.name}`);
  const id = await ensureId(stateDirectory);
  const prefix = prefixOf(production, id);
  const messages = await runLocalPlaybook(place, {
    playbook: 'create/aws.yml',
    what: 'the machines could not be created',
    variables: {
      ...commonVariables(production, id),
      aws_public_key: publicKey,
      aws_image: aws.image,
      aws_instance_type: aws.instanceType,
      aws_subnet: aws.subnet,
      aws_key_name: aws.keyName ?? '',
      aws_security_groups: aws.securityGroups,
      aws_groups: awsSecurityGroups(production, prefix),
      aws_machines: created(production).map((host) => ({
        name: host.name,
        groups: awsGroupsOf(host, prefix),
      })),
    },
  });
  const ownKey = aws.keyName === undefined ? provisionPaths(stateDirectory).deployKey : undefined;
  return machinesOf(messages.at(-1) ?? '[]', ownKey);
}

/** Destroys all that was ever created from this state directory. */
export async function destroyAwsMachines(production: Production, place: CreationPlace): Promise<void> {
  const id = await readId(place.stateDirectory);
  if (id === undefined) return;
  await runLocalPlaybook(place, {
    playbook: 'create/aws-destroy.yml',
    what: 'the machines could not be destroyed',
    variables: commonVariables(production, id),
  });
}

function commonVariables(production: Production, id: string) {
  const aws = settingsOf(production);
  return {
    aws_region: aws.region,
    aws_endpoint_url: aws.endpointUrl ?? '',
    aws_production: production.name,
    aws_id: id,
    aws_prefix: prefixOf(production, id),
  };
}

function prefixOf({ name }: Production, id: string): string {
  return `fairway-${name}-${id.slice(0, 8)}`;
}

function settingsOf({ aws }: Production): AwsSettings {
  if (aws === undefined) throw new Error('provider aws without its settings');
  return aws;
}

const instances = z.array(
  z.object({
    instance_id: z.string(),
    private_ip_address: z.string(),
    tags: z.object({ 'fairway:host': z.string() }),
  }),
);

/** From what the playbook tells: the answer of amazon.aws.ec2_instance_info. */
function machinesOf(told: string, identityFile: string | undefined): Machines {
  const found = instances.parse(JSON.parse(told)).map((instance) => {
    const { instance_id, private_ip_address, tags } = instance;
    return [
      tags['fairway:host'],
      { address: private_ip_address, instance: instance_id, ...optional('identityFile', identityFile) },
    ] as const;
  });
  return Object.fromEntries(found.sort(([one], [other]) => one.localeCompare(other)));
}

/** What marks everything that is created from this state directory; made up once, at random. */
async function ensureId(stateDirectory: string): Promise<string> {
  const known = await readId(stateDirectory);
  if (known !== undefined) return known;
  const id = randomBytes(16).toString('hex');
  const { id: file } = provisionPaths(stateDirectory);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  writePrivately(file, `${id}\n`);
  return id;
}

async function readId(stateDirectory: string): Promise<string | undefined> {
  try {
    return (await readFile(provisionPaths(stateDirectory).id, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
