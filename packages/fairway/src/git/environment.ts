/**
 * What git may inherit of its `GIT_*` variables: how to reach others and where the user's configuration is. The rest
 * names a repository (`GIT_DIR`, `GIT_INDEX_FILE`, a hook's quarantine …) and would redirect the command.
 */
const KEPT =
  /^GIT_(SSL_\w+|SSH|SSH_COMMAND|SSH_VARIANT|PROXY_COMMAND|ASKPASS|EXEC_PATH|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM))$/;

/** Ways of reaching a repository that run no program of the other's choosing (`ext::` would). */
export const ALLOWED_PROTOCOLS: readonly string[] = ['file', 'git', 'http', 'https', 'ssh'];

/**
 * The environment for every git command: independent of the hook or repository that Fairway happens to run in, never
 * asking on a terminal, and speaking English, since messages are read.
 */
export function gitEnvironment(
  extra: Readonly<Record<string, string>> = {},
  base: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined) continue;
    if (name.startsWith('GIT_') && !KEPT.test(name)) continue;
    environment[name] = value;
  }
  return {
    ...environment,
    LC_ALL: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: ALLOWED_PROTOCOLS.join(':'),
    GIT_OPTIONAL_LOCKS: '0',
    ...extra,
  };
}
