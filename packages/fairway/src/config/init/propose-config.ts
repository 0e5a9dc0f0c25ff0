import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { Survey } from './survey.ts';
import { surveyRepository } from './survey-repository.ts';

export interface ProposedConfig {
  /** A commented `fairway.yml` that passes the check as it is. */
  readonly text: string;
  /** What was seen, and what is left to decide: sentences for the person. */
  readonly notes: readonly string[];
}

/** A `fairway.yml` for the repository in `directory`, from a look at its files. Writes nothing. */
export async function proposeConfig(directory: string): Promise<ProposedConfig> {
  const survey = await surveyRepository(directory);
  return { text: writeOut(survey), notes: survey.notes };
}

/**
 * Writes a proposal to a new file.
 *
 * @throws ConfigExists when there is one; it is left as it is
 */
export async function writeNewConfig(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new ConfigExists(file);
    throw error;
  }
}

export class ConfigExists extends Error {
  override readonly name = 'ConfigExists';
  readonly code = 'config-exists';
  constructor(file: string) {
    super(`${file} exists already and was left as it is; remove it first to have another one written`);
  }
}

function writeOut(survey: Survey): string {
  const { name, directory, runtime, build, start, healthPath } = survey;
  const own = [
    ...(directory === '.' ? [] : [`    directory: ${directory}`]),
    `    runtime: ${runtime}`,
    ...(build === undefined ? [] : [`    build: ${scalar(build)}`]),
    ...(start === undefined ? [] : [`    start: ${scalar(start)}`]),
  ];
  const health = healthPath === undefined ? '{ path: / }' : `{ path: ${healthPath} }`;
  return `# What runs in production, and how. "fairway check" names every mistake in this file.
name: production

# Where visitors connect. Only this machine can, until another address stands here.
balancer:
  listen: 127.0.0.1:8080

apps:
  ${name}:
${own.join('\n')}
    # Variable that tells the app its port.
    port_env: PORT
    # Copies of the app. A deploy replaces one at a time while the others serve.
    instances: 2
    # A path that fails when the app cannot do its work; a release that never passes is taken back.
    health: ${health}
    # Visitors' host names for this app. Without them it answers to any.
    # route: { hosts: [www.example.org] }
    # env: { LOG_LEVEL: info }
    deploy:
      # A push to this branch deploys.
      branch: production
      # Replaces in place. "surge: 1" starts the next release beside the old one first.
      max_unavailable: 1
`;
}

/** Text from outside, as YAML on one line, with nothing in it left to be resolved but the port. */
function scalar(value: string | readonly string[]): string {
  const literal = (text: string) => text.replaceAll(/\$\{(?!PORT\})/g, '$$${');
  if (typeof value !== 'string') return JSON.stringify(value.map(literal));
  return stringify(literal(value), { lineWidth: 0, blockQuote: false }).trim();
}
