import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { HaproxyNode, LineSession } from './node.ts';
import { quoted } from './quote.ts';
import { socketSession } from './socket-session.ts';

const ROLE_FILES = fileURLToPath(new URL('../../../ansible/roles/balancer/files/', import.meta.url));
const KEEPER = join(ROLE_FILES, 'fairway-balancer');
const SWITCH = join(ROLE_FILES, 'fairway-switch');
const BASE = join(ROLE_FILES, 'base.cfg');
const SWITCH_START_TIMEOUT_MS = 10_000;
const NOBODY_YET = 'global\n  set-var proc.fairway str(0)\n';

export interface LocalNodeOptions {
  /** For messages. */
  readonly name?: string;
  readonly folder: string;
  /** `127.0.0.1:8080`; several with commas. */
  readonly bind: string;
  readonly threads?: number;
  /** A certificate with its key, or a folder of such: then `tlsBind` is served too, and the other one leads there. */
  readonly tls?: { readonly bind: string; readonly certificates: string };
}

/** A HAProxy in a folder of this machine, without privileges. */
export class LocalNode implements HaproxyNode {
  readonly name: string;
  readonly folder: string;
  #process: ChildProcess | undefined;
  #switch: ChildProcess | undefined;
  log = '';

  private constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
  }

  /** Makes the folder; what is in it already stays. */
  static async prepare(options: LocalNodeOptions): Promise<LocalNode> {
    const { folder } = options;
    await mkdir(join(folder, 'state'), { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await writeFile(join(folder, 'settings.cfg'), settings(options));
    await writeFile(join(folder, 'trusted-proxies.list'), '', { flag: 'a' });
    await mkdir(join(folder, 'switch'), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'switch/tripped.map'), '', { flag: 'a' });
    await symlink('../switch/tripped.map', join(folder, 'state/tripped.map')).catch(ignoreExisting);
    await writeFile(join(folder, 'state/fairway.cfg'), NOBODY_YET, { flag: 'wx' }).catch(ignoreExisting);
    await copyFile(BASE, join(folder, 'base.cfg'));
    return new LocalNode(options.name ?? 'here', folder);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts HAProxy and waits until it accepts commands. */
  async start(): Promise<void> {
    const args = ['-W', '-S', `${this.#master},mode,600,level,admin`];
    const files = ['settings.cfg', 'base.cfg', 'state/fairway.cfg'].flatMap((name) => [
      '-f',
      join(this.folder, name),
    ]);
    const child = spawn('haproxy', [...args, ...files], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-50_000);
    });
    await once(child, 'spawn');
    this.#process = child;
    if (!isRunning(this.#switch)) await this.startSwitch();
  }

  /** Starts what takes shares back that nobody renews, and waits until it listens. */
  async startSwitch(): Promise<void> {
    const options = ['--state', join(this.folder, 'switch'), '--socket', this.#switchSocket];
    const child = spawn('python3', [SWITCH, ...options, '--master', this.#master], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-50_000);
    });
    await once(child, 'spawn');
    this.#switch = child;
    const until = Date.now() + SWITCH_START_TIMEOUT_MS;
    for (;;) {
      const socket = await openSocket(this.#switchSocket).catch(() => undefined);
      socket?.destroy();
      if (socket) return;
      if (Date.now() > until || !isRunning(child))
        throw new Error(`fairway-switch does not run: ${this.log}`);
      await delay(20);
    }
  }

  /** Ends the dead man's switch at once, as a crash would. */
  async killSwitch(): Promise<void> {
    await end(this.#switch, 'SIGKILL');
  }

  /** Ends HAProxy at once, as a crash would. */
  async kill(): Promise<void> {
    await end(this.#process, 'SIGKILL');
  }

  /** Stops the master where it is: it accepts, and answers nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all([end(this.#process, 'SIGTERM'), end(this.#switch, 'SIGTERM')]);
  }

  openMaster(): Promise<Socket> {
    return openSocket(this.#master);
  }

  openEvents(): Promise<Socket> {
    return openSocket(join(this.folder, 'events.sock'));
  }

  async openSwitch(): Promise<LineSession> {
    return socketSession(await openSocket(this.#switchSocket));
  }

  renew(): void {}

  async openKeeper(): Promise<LineSession> {
    const folders = ['--settings', this.folder, '--state', join(this.folder, 'state')];
    const child = spawn('python3', [KEEPER, ...folders, '--haproxy', 'haproxy'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child, 'spawn');
    child.stdin.on('error', () => {});
    return {
      lines: createInterface({ input: child.stdout }),
      send: (line) => child.stdin.write(`${line}\n`),
      kill: () => child.kill(),
      ended: once(child, 'exit').then(([code]) =>
        code === 0 ? undefined : new Error(`fairway-balancer ended with exit code ${code}`),
      ),
    };
  }

  get #master(): string {
    return join(this.folder, 'master.sock');
  }

  get #switchSocket(): string {
    return join(this.folder, 'switch.sock');
  }
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child !== undefined && child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

function settings({ folder, bind, threads, tls }: LocalNodeOptions): string {
  const variables = {
    FAIRWAY_SUCCESSOR: join(folder, 'next'),
    FAIRWAY_SUCCESSOR_SEEN: join(folder, 'next'),
    FAIRWAY_TRUSTED_PROXIES: join(folder, 'trusted-proxies.list'),
    FAIRWAY_BIND: bind,
    ...(tls && {
      FAIRWAY_TLS_BIND: tls.bind,
      FAIRWAY_CERTIFICATES: tls.certificates,
      FAIRWAY_TLS_REDIRECT: 'yes',
    }),
  };
  return [
    'global',
    ...Object.entries(variables).map(([name, value]) => `  setenv ${name} ${quoted(value)}`),
    `  stats socket ${quoted(join(folder, 'events.sock'))} mode 600 level operator`,
    `  server-state-file ${quoted(join(folder, 'state/servers.state'))}`,
    '  maxconn 4000',
    ...(threads === undefined ? [] : [`  nbthread ${threads}`]),
    '',
  ].join('\n');
}

async function openSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
