import { join } from 'node:path';
import type { CreationPlace } from './place.ts';
import { progressOf, taskName, withEvent } from './progress.ts';
import { type PlaybookEnd, runPlaybook } from './run-playbook.ts';

const LOCALHOST = 'localhost';

export interface LocalPlaybook {
  readonly playbook: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Begins the message when it fails. */
  readonly what: string;
}

/** Runs a playbook that works from this machine, such as by a cloud's API, and gives what it said by `debug`. */
export async function runLocalPlaybook(place: CreationPlace, run: LocalPlaybook): Promise<readonly string[]> {
  let progress = progressOf([LOCALHOST]);
  const end = await runPlaybook({
    playbook: run.playbook,
    variables: run.variables,
    secrets: {},
    inventory: {
      all: {
        vars: {},
        hosts: {
          [LOCALHOST]: {
            ansible_connection: 'local',
            // Where its own libraries are, those of the cloud among them.
            ansible_python_interpreter: '{{ ansible_playbook_python }}',
          },
        },
        children: {},
      },
    },
    rolesPath: join(place.stateDirectory, 'roles'),
    stateDirectory: place.stateDirectory,
    env: place.env,
    signal: place.signal,
    onEvent: (event) => {
      progress = withEvent(progress, event);
      if (event.event === 'ok' && event.message === undefined) {
        place.say(`${taskName(event.task)}${event.changed ? ': changed' : ''}`);
      }
    },
  });
  const { failure, messages } = progress.get(LOCALHOST)!;
  place.signal.throwIfAborted();
  if (end.exitCode !== 0) throw new PlaybookFailed(run.what, failure?.task, failure?.lines ?? end.said, end);
  return messages;
}

/** A playbook that works from this machine did not get through. What it did before stays, and is found by the next run. */
export class PlaybookFailed extends Error {
  override readonly name = 'PlaybookFailed';
  readonly code = 'playbook-failed';
  readonly hint: string;
  constructor(what: string, task: string | undefined, lines: readonly string[], { logFile }: PlaybookEnd) {
    super([`${what}${task === undefined ? '' : `, at "${task}"`}`, ...lines].join('\n'));
    const hasNoLibrary = lines.some((line) => line.includes('required Python library'));
    this.hint = hasNoLibrary
      ? 'install what AWS needs (Debian, Ubuntu: apt-get install python3-boto3), then try again'
      : `mend that, then try again: what is there already is found again\nAll that Ansible said: ${logFile}`;
  }
}
