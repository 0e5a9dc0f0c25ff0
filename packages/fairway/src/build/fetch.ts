import { mkdir } from 'node:fs/promises';
import { resolveCommit } from '../git/commits.ts';
import { gitEnvironment } from '../git/environment.ts';
import { isAddress } from '../git/submodules.ts';
import { Refusal } from '../runner/controller.ts';
import { runGroup } from './process-group.ts';

export interface FetchRequest {
  /** Absolute path of the app's bare repository. */
  readonly repository: string;
  /** The app's `repository:`: https, ssh, `user@host:path`, file or an absolute path. */
  readonly url: string;
  /** The branch that deploys. */
  readonly branch: string;
  /** A commit, or the beginning of its id, instead of the branch's newest. */
  readonly commit?: string | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

const FETCHED = 'refs/fairway/fetched';

/** Brings a commit from the app's own repository; answers with its full id. Throws a Refusal that says why it cannot. */
export async function fetchCommit(request: FetchRequest): Promise<string> {
  const { repository, url, branch, commit } = request;
  if (!isAddress(url) || url.startsWith('.')) {
    throw new Refusal(
      422,
      'fetch-address',
      `${JSON.stringify(withoutPassword(url))} is no address that Fairway fetches from.`,
      'Set repository: in fairway.yml to an https:// or ssh:// address, user@host:path, or an absolute path.',
    );
  }
  if (commit === undefined) {
    await fetchRefs(request, `+refs/heads/${branch}:${FETCHED}/${branch}`);
    return await resolveCommit(repository, `${FETCHED}/${branch}`);
  }
  // The commit may lie on any branch, and an abbreviation can only be told here.
  await fetchRefs(request, `+refs/heads/*:${FETCHED}/*`);
  return await resolveCommit(repository, commit);
}

async function fetchRefs(request: FetchRequest, refs: string): Promise<void> {
  const { repository, url, signal, timeoutMs = 10 * 60_000 } = request;
  await mkdir(repository, { recursive: true });
  const timeout = AbortSignal.timeout(timeoutMs);
  const said: string[] = [];
  const end = await runGroup(
    [
      'git',
      'fetch',
      '--quiet',
      '--no-tags',
      '--force',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      'upstream',
      refs,
    ],
    {
      directory: repository,
      // The address as configuration, by environment: it can be no option, and a password in it is not on show.
      environment: gitEnvironment({
        GIT_DIR: repository,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'remote.upstream.url',
        GIT_CONFIG_VALUE_0: url,
      }),
      signal: AbortSignal.any([signal, timeout]),
      onLine: (line) => said.push(withoutPassword(line)),
    },
  );
  if (end.exitCode === 0) return;
  if (signal.aborted) throw new Refusal(409, 'fetch-aborted', 'Fetching was told to stop.');
  if (timeout.aborted) said.push(`no end after ${timeoutMs} ms`);
  throw failed(request, said.join('\n'));
}

const REASONS: readonly { readonly said: RegExp; readonly reason: string; readonly hint: string }[] = [
  {
    said: /couldn't find remote ref/,
    reason: 'it has no such branch',
    hint: "Push that branch there, or set the app's deploy: branch: in fairway.yml to one that it has.",
  },
  {
    said: /Host key verification failed/,
    reason: "its ssh host key is not known to the control server's user",
    hint: 'Connect to it once by ssh as that user, compare the fingerprint, and try again.',
  },
  {
    said: /could not read Username|Authentication failed|terminal prompts disabled|Permission denied|HTTP 40[13]/,
    reason: "it refuses the control server's user",
    hint: 'Give that user access: an ssh deploy key, or a git credential helper for https.',
  },
  {
    said: /Could not resolve host|Could not resolve hostname/,
    reason: 'its host name cannot be resolved',
    hint: 'Check the address and the name servers of this machine.',
  },
  {
    said: /dubious ownership/,
    reason: 'it belongs to another user, and git does not trust it',
    hint: 'Allow it with: git config --global --add safe.directory PATH',
  },
  {
    said: /not found|does not appear to be a git repository|does not exist/i,
    reason: 'there is no repository',
    hint: 'Check repository: in fairway.yml. Some servers answer so when access is not allowed.',
  },
  {
    said: /Connection (refused|timed out)|Failed to connect|unable to access|no end after/,
    reason: 'it does not answer',
    hint: 'Check that it is up and that this machine can reach it (proxy, firewall).',
  },
];

function failed({ url, branch, commit }: FetchRequest, said: string): Refusal {
  const known = REASONS.find((candidate) => candidate.said.test(said));
  const what = commit ?? branch;
  const evidence = said.trim().split('\n')[0] ?? '';
  return new Refusal(
    422,
    'fetch-failed',
    `${what} cannot be fetched from ${withoutPassword(url)}: ${known?.reason ?? 'git failed'} (${evidence}).`,
    known?.hint ?? 'Run "git fetch" with that address as the user of the control server to see more.',
  );
}

/** Addresses end up in messages; what stands before the @ does not belong there. */
function withoutPassword(text: string): string {
  return text.replace(/(\w+:\/\/)[^/@\s]+@/g, '$1');
}
