/** A machine as OpenSSH reaches it. What is not said here is taken from the user's own ssh_config, agent included. */
export interface SshTarget {
  /** The host's name in `fairway.yml`, for messages. */
  readonly name: string;
  /** What is given to ssh as the host: an address or a name, or an alias of the ssh_config. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile?: string;
  /** The only host keys that are accepted; learned at provision. */
  readonly knownHostsFile: string;
  /** Read in place of the user's own ssh_config. */
  readonly configFile?: string;
  /** A private folder (0700) for the sockets of shared connections; see {@link controlFolder}. */
  readonly controlDirectory: string;
}

export const CONNECT_TIMEOUT_SECONDS = 10;
/** A connection without an answer for `interval × count` is given up. */
const ALIVE_INTERVAL_SECONDS = 5;
const ALIVE_COUNT = 3;
/** A shared connection that nobody uses any more ends after this. */
const PERSIST_SECONDS = 60;

/**
 * The options of every ssh to a target, for ssh itself and for what runs it (`ansible_ssh_common_args`). The first use
 * connects, later ones share its connection. Neither a password nor an unknown host key is ever asked about.
 */
export function sshArguments(target: SshTarget): string[] {
  const options: Readonly<Record<string, string>> = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: quotedPath(target.knownHostsFile),
    ConnectTimeout: `${CONNECT_TIMEOUT_SECONDS}`,
    ServerAliveInterval: `${ALIVE_INTERVAL_SECONDS}`,
    ServerAliveCountMax: `${ALIVE_COUNT}`,
    ControlMaster: 'auto',
    ControlPath: quotedPath(target.controlDirectory, '/%C'),
    ControlPersist: `${PERSIST_SECONDS}`,
    StreamLocalBindUnlink: 'yes',
    Port: `${target.port}`,
    User: target.user,
    ...(target.identityFile !== undefined && { IdentityFile: quotedPath(target.identityFile) }),
  };
  return [
    ...(target.configFile === undefined ? [] : ['-F', target.configFile]),
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  ];
}

/** As ssh reads it: `%` begins a token, blanks part files. */
function quotedPath(path: string, tokens = ''): string {
  if (/["\n]/.test(path)) throw new Error(`ssh cannot be given the path ${JSON.stringify(path)}; rename it`);
  return `"${path.replaceAll('%', '%%')}${tokens}"`;
}
