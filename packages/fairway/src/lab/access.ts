import { execa } from 'execa';
import { LabProblem } from './lab-problem.ts';
import { labPaths } from './paths.ts';
import { requireHost, requireRecord } from './record.ts';

/** Fails unless the lab's key opens the host, and the host's key is the one that was made for it. */
export async function checkSshAccess(lab: string, host: string): Promise<void> {
  const args = ['-F', labPaths(lab).sshConfig, '-o', 'ConnectTimeout=10', '--', host, 'true'];
  const result = await execa('ssh', args, { reject: false, stdin: 'ignore' });
  if (result.exitCode === 0) return;
  throw new LabProblem(
    'lab-host-silent',
    `${host} is up, but ssh does not get in: ${result.stderr.trim() || 'nothing written'}`,
    `try it yourself: ssh -v ${args.join(' ')}`,
  );
}

/** The command that opens a shell on a host by SSH, or has one there run these words. */
export function sshToHost(lab: string, host: string, words: readonly string[]): readonly string[] {
  requireHost(requireRecord(lab), host);
  return ['ssh', '-F', labPaths(lab).sshConfig, '--', host, ...words];
}

/** The command that runs another one inside a host, past its network: it also works when that is cut. */
export function insideHost(init: number, words: readonly string[]): readonly string[] {
  const environment = [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'LANG=C.UTF-8',
  ];
  return ['nsenter', '--target', String(init), '--all', '--', 'env', '-i', ...environment, ...words];
}
