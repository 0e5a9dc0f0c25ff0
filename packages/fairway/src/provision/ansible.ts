import { execa } from 'execa';

/** Of Debian 12; older ones lack what the roles use. */
const OLDEST = [2, 14] as const;

/** Ansible is not there, or too old. */
export class AnsibleUnusable extends Error {
  override readonly name = 'AnsibleUnusable';
  readonly code = 'ansible-unusable';
  readonly hint =
    'Install it (Debian, Ubuntu: apt-get install ansible), or name the program in FAIRWAY_ANSIBLE_PLAYBOOK';
}

/** The `ansible-playbook` to use: that of FAIRWAY_ANSIBLE_PLAYBOOK, or of the PATH. Throws {@link AnsibleUnusable}. */
export async function findAnsible(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const program = env.FAIRWAY_ANSIBLE_PLAYBOOK || 'ansible-playbook';
  const { stdout, stderr, failed, code } = await execa(program, ['--version'], {
    reject: false,
    env: { ...env, LC_ALL: 'C.UTF-8' },
    extendEnv: false,
  });
  if (code === 'ENOENT')
    throw new AnsibleUnusable(`${program} was not found; provisioning is done by Ansible`);
  if (failed) throw new AnsibleUnusable(`${program} --version failed: ${(stderr ?? '').trim()}`);
  const version = /\[core (\d+)\.(\d+)/.exec(stdout ?? '');
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return program;
  const found = /^.*$/m.exec(stdout ?? '')?.[0];
  throw new AnsibleUnusable(
    `${program} is ${found}; Fairway needs ansible-core ${OLDEST.join('.')} or newer`,
  );
}
