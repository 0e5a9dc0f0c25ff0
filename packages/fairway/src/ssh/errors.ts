/** Something went wrong between us and a host. `host` is its name in `fairway.yml`. */
export abstract class SshError extends Error {
  abstract readonly code: string;
  readonly host: string;
  /** What to do next. */
  readonly hint: string;
  constructor(host: string, message: string, hint: string, cause?: unknown) {
    super(`${message}. ${hint}`, { cause });
    this.host = host;
    this.hint = hint;
  }
}

/** No connection, or the one that was there is gone. What was under way may or may not have happened. */
export class HostUnreachable extends SshError {
  override readonly name = 'HostUnreachable';
  readonly code = 'host-unreachable';
  constructor(host: string, destination: string, reason: string, cause?: unknown) {
    super(
      host,
      `${host} (${destination}) cannot be reached: ${reason}`,
      'Check that the machine is up and that its SSH port is open from here',
      cause,
    );
  }
}

/** The host shows another key than the one that was learned: it was installed anew, or somebody else answers. */
export class HostKeyChanged extends SshError {
  override readonly name = 'HostKeyChanged';
  readonly code = 'host-key-changed';
  constructor(host: string, destination: string, knownHostsFile: string) {
    super(
      host,
      `${host} (${destination}) shows another host key than before, so nothing was sent to it`,
      `If the machine was installed anew, remove its lines from ${knownHostsFile} and run "fairway provision"; ` +
        'otherwise someone else answers at its address',
    );
  }
}

/** No key of the host is known. */
export class HostKeyUnknown extends SshError {
  override readonly name = 'HostKeyUnknown';
  readonly code = 'host-key-unknown';
  constructor(host: string, destination: string, knownHostsFile: string) {
    super(
      host,
      `${host} (${destination}) shows a host key that is not in ${knownHostsFile}, so nothing was sent to it`,
      'Run "fairway provision", which learns it',
    );
  }
}

/** The host answers, but does not let us in. */
export class AuthenticationRefused extends SshError {
  override readonly name = 'AuthenticationRefused';
  readonly code = 'authentication-refused';
  constructor(host: string, destination: string, reason: string) {
    super(
      host,
      `${host} lets nobody in as ${destination}: ${reason}`,
      'Check that the key is in the SSH agent or in the ssh_config, and on the host in authorized_keys',
    );
  }
}

/** ssh could not even try: it is missing, or refuses its configuration. */
export class SshUnusable extends SshError {
  override readonly name = 'SshUnusable';
  readonly code = 'ssh-unusable';
  constructor(host: string, reason: string, cause?: unknown) {
    super(
      host,
      `ssh cannot be used for ${host}: ${reason}`,
      'Install the OpenSSH client (Debian, Ubuntu: apt-get install openssh-client), or correct its configuration',
      cause,
    );
  }
}

/** The host did not answer in time. What was asked may or may not have happened. */
export class DeadlineMet extends SshError {
  override readonly name = 'DeadlineMet';
  readonly code = 'deadline-met';
  constructor(host: string, what: string, deadlineMs: number) {
    super(
      host,
      `${host} did not end "${what}" within ${deadlineMs / 1000} s`,
      'The machine may hang or be overloaded: look at its load, memory and disk',
    );
  }
}

/** The host was reached, the command ran there, and failed. */
export class CommandFailed extends SshError {
  override readonly name = 'CommandFailed';
  readonly code = 'command-failed';
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  constructor(host: string, command: string, exitCode: number, stderr: string, stdout = '') {
    super(
      host,
      `"${command}" ended on ${host} with exit code ${exitCode}: ${stderr.trim() || 'it wrote nothing to its standard error'}`,
      `Try it there by hand`,
    );
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}
