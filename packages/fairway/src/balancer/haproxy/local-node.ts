import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HaproxyNode, LineSession } from './node.ts';

const ROLE_FILES = fileURLToPath(new URL('../../../ansible/roles/balancer/files/', import.meta.url));
const KEEPER = join(ROLE_FILES, 'fairway-balancer');
const BASE = join(ROLE_FILES, 'base.cfg');
const NOBODY_YET = 'global\n  set-var proc.fairway str(0)\n';

export interface LocalNodeOptions {
  readonly folder: string;
  /** `127.0.0.1:8080`; several with commas. */
  readonly bind: string;
  readonly threads?: number;
  /** A certificate with its key, or a folder of such: then `tlsBind` is served too, and the other one leads there. */
  readonly tls?: { readonly bind: string; readonly certificates: string };
}

/** A HAProxy in a folder of this machine, without privileges. */
export class LocalNode implements HaproxyNode {
  readonly name = 'here';
  readonly folder: string;
  #process: ChildProcess | undefined;
  log = '';

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder; what is in it already stays. */
  static async prepare(options: LocalNodeOptions): Promise<LocalNode> {
    const { folder, tls } = options;
    await mkdir(join(folder, 'state'), { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const environment = {
      FAIRWAY_STATE: join(folder, 'state'),
      FAIRWAY_EVENTS: join(folder, 'events.sock'),
      FAIRWAY_SUCCESSOR: join(folder, 'next'),
      FAIRWAY_SUCCESSOR_SEEN: join(folder, 'next'),
      FAIRWAY_TRUSTED_PROXIES: join(folder, 'trusted-proxies.list'),
      FAIRWAY_MAX_CONNECTIONS: '4000',
      FAIRWAY_BIND: options.bind,
      ...(tls && { FAIRWAY_TLS_BIND: tls.bind, FAIRWAY_CERTIFICATES: tls.certificates }),
    };
    const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(folder, 'environment'), lines.join(''));
    await writeFile(join(folder, 'trusted-proxies.list'), '', { flag: 'a' });
    await writeFile(join(folder, 'state/fairway.cfg'), NOBODY_YET, { flag: 'wx' }).catch(ignoreExisting);
    await writeFile(join(folder, 'base.cfg'), `${await baseConfiguration(options.threads)}`);
    const node = new LocalNode(folder);
    node.#environment = environment;
    return node;
  }

  #environment: Readonly<Record<string, string>> = {};

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts HAProxy and waits until it accepts commands. */
  async start(): Promise<void> {
    const args = ['-W', '-S', `${this.#master},mode,600,level,admin`];
    const files = ['-f', join(this.folder, 'base.cfg'), '-f', join(this.folder, 'state/fairway.cfg')];
    const child = spawn('haproxy', [...args, ...files], {
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-50_000);
    });
    await once(child, 'spawn');
    this.#process = child;
  }

  /** Ends HAProxy at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  openMaster(): Promise<Socket> {
    return openSocket(this.#master);
  }

  openEvents(): Promise<Socket> {
    return openSocket(join(this.folder, 'events.sock'));
  }

  async openKeeper(): Promise<LineSession> {
    const child = spawn('python3', [KEEPER, '--folder', this.folder, '--haproxy', 'haproxy'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child, 'spawn');
    child.stdin.on('error', () => {});
    return {
      lines: createInterface({ input: child.stdout }),
      send: (line) => child.stdin.write(`${line}\n`),
      kill: () => child.kill(),
    };
  }

  get #master(): string {
    return join(this.folder, 'master.sock');
  }
}

async function baseConfiguration(threads: number | undefined): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const base = await readFile(BASE, 'utf8');
  return threads === undefined ? base : base.replace(/^global$/m, `global\n  nbthread ${threads}`);
}

async function openSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
