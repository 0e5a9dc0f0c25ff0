type Environment = Readonly<Record<string, string | undefined>>;

/** Who sits there, as far as this machine knows: `anna`, `git from 10.0.0.7`. For the journal, not for access control. */
export function person(env: Environment): string {
  const user = clean(env.USER || env.LOGNAME || env.USERNAME || '') || 'someone';
  // sshd sets "client-address client-port server-address server-port", see sshd(8).
  const client = clean((env.SSH_CONNECTION ?? '').split(' ')[0] ?? '');
  return client ? `${user} from ${client}` : user;
}

/** The reason in `git push -o reason="…"`; options as githooks(5) hands them over. */
export function pushReason(env: Environment): string | undefined {
  const options = Math.min(Number(env.GIT_PUSH_OPTION_COUNT ?? 0) || 0, 100);
  for (let index = 0; index < options; index += 1) {
    const match = /^reason=(.+)$/s.exec(env[`GIT_PUSH_OPTION_${index}`] ?? '');
    if (match) return match[1]!.trim().slice(0, 500) || undefined;
  }
  return undefined;
}

function clean(text: string): string {
  return text.replace(/[^\w.@:%+-]/g, '').slice(0, 64);
}
