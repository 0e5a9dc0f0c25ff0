import { type Check, withRole } from '../check.ts';
import { failure, type Observation, ok, warning } from '../finding.ts';
import type { Machine } from '../machine.ts';

/** Programs that the deploy user has to run as root, by role. */
const NEEDED: Readonly<Record<string, string>> = {
  app: '/usr/local/sbin/fairway-host',
  balancer: '/usr/local/sbin/fairway-balancer',
};
const NEXT = 'Run "fairway provision"';

/** The deploy user may run Fairway's own programs as root, and nothing else. */
export const sudo: Check = {
  name: 'sudo',
  concerns: withRole('app', 'balancer'),
  async examine(machine) {
    const { stdout: user } = await machine.run(['id', '-un']);
    if (user.trim() === 'root')
      return [
        warning(
          'releases are deployed as root',
          'Leave ssh.user out of fairway.yml, then run "fairway provision"',
        ),
      ];
    const { exitCode, stdout, stderr } = await machine.run(['sudo', '-n', '-l']);
    if (exitCode !== 0) return [failure(`${user.trim()} may not use sudo: ${stderr.trim()}`, NEXT)];
    return observe(machine, user.trim(), allowedCommands(stdout));
  },
};

function observe(machine: Machine, user: string, allowed: readonly string[]): readonly Observation[] {
  if (allowed.includes('ALL'))
    return [
      warning(`${user} may run everything as root`, `${NEXT}, and remove other rules of /etc/sudoers.d`),
    ];
  const missing = machine.roles
    .flatMap((role) => NEEDED[role] ?? [])
    .filter((program) => !allowed.includes(program));
  if (missing.length > 0) return [failure(`${user} may not run ${missing.join(', ')} as root`, NEXT)];
  return [ok(`${user} may run as root: ${allowed.join(', ') || 'nothing'}`)];
}

/** From the lines `    (root) NOPASSWD: /usr/local/sbin/one, /usr/local/sbin/two` of `sudo -l`. */
function allowedCommands(listing: string): readonly string[] {
  return [...listing.matchAll(/^ +\([^)]*\) (?:[A-Z_]+: )*(.*)$/gm)].flatMap((match) =>
    // Without the arguments that it is limited to.
    match[1]!.split(',').map((command) => command.trim().split(' ', 1)[0]!),
  );
}
