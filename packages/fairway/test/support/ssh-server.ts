import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshTarget } from '../../src/ssh/target.ts';
import { freePort } from './free-port.ts';
import { waitUntil } from './wait-until.ts';

const PROGRAM = '/usr/sbin/sshd';

/** Whether there is an sshd to try things with; the tests' script installs it. */
export const hasSshd = existsSync(PROGRAM);

/** An OpenSSH server on loopback with keys of its own, for whoever runs the tests. */
export class SshServer {
  readonly folder: string;
  readonly target: SshTarget;
  #process: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.target = {
      name: 'box1',
      address: '127.0.0.1',
      port,
      user: userInfo().username,
      identityFile: join(folder, 'client'),
      knownHostsFile: join(folder, 'known_hosts'),
      configFile: '/dev/null',
      controlDirectory: join(folder, 'c'),
    };
  }

  static async start(): Promise<SshServer> {
    const folder = mkdtempSync(join(tmpdir(), 'fairway-sshd-'));
    const server = new SshServer(folder, await freePort());
    mkdirSync(server.target.controlDirectory, { mode: 0o700 });
    for (const key of ['host', 'client']) server.#makeKey(key);
    writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'client.pub')), { mode: 0o600 });
    writeFileSync(join(folder, 'sshd_config'), configuration(folder));
    server.learnHostKey();
    // As root sshd insists on this folder.
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    await server.resume();
    return server;
  }

  /** Listens (again). */
  async resume(): Promise<void> {
    const { port } = this.target;
    const options = ['-D', '-e', '-f', join(this.folder, 'sshd_config'), '-p', `${port}`];
    this.#process = spawn(PROGRAM, options, { stdio: 'ignore' });
    await waitUntil('sshd to listen', () => isListening(port));
  }

  /** Ends the server; connections that it serves stay. */
  async stop(): Promise<void> {
    const process = this.#process!;
    const ended = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGTERM');
    await ended;
  }

  /** Sends a signal to the server itself: SIGSTOP freezes it. */
  signal(signal: NodeJS.Signals): void {
    this.#process!.kill(signal);
  }

  /** Shows another host key from the next connection on. */
  async changeHostKey(): Promise<void> {
    await this.stop();
    rmSync(join(this.folder, 'host'));
    this.#makeKey('host');
    await this.resume();
  }

  learnHostKey(): void {
    const key = readFileSync(join(this.folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(this.target.knownHostsFile, `[127.0.0.1]:${this.target.port} ${key}\n`);
  }

  async close(): Promise<void> {
    this.signal('SIGCONT');
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #makeKey(name: string): void {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.folder, name)], {
      stdio: 'ignore',
    });
  }
}

function configuration(folder: string): string {
  return [
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `PidFile ${folder}/sshd.pid`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'MaxSessions 100',
    '',
  ].join('\n');
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
