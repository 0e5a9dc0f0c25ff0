import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from './free-port.ts';
import { waitUntil } from './wait-until.ts';

const VERSION = '5.2.5';
const PACKAGES = [`moto==${VERSION}`, 'flask==3.1.3', 'flask-cors==6.0.5'];

/** A server on this machine that speaks EC2's API (moto, from PyPI) and has machines in name only. */
export interface Ec2Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Why there can be none; undefined when there can. */
export async function whyNoEc2Server(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'not on Linux';
  const needs = [
    ['ansible-playbook', '--version'],
    ['python3', '-c', 'import venv, ensurepip'],
  ] as const;
  for (const [program, ...words] of needs) {
    const { exitCode } = await execa(program, words, { reject: false });
    if (exitCode !== 0) return `${program} ${words.join(' ')} fails`;
  }
  return undefined;
}

export async function startEc2Server(): Promise<Ec2Server> {
  const python = await installMoto();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
  await waitUntil('the EC2 server to answer', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    return (await fetch(`${url}/moto-api/`).catch(() => undefined))?.ok === true;
  });
  return { url, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Once per version; half an installation is never found. Gives the Python that has it. */
async function installMoto(): Promise<string> {
  const cache = process.getuid?.() === 0 ? '/var/cache/fairway' : join(homedir(), '.cache', 'fairway');
  const folder = join(cache, `moto-${VERSION}`);
  const python = join(folder, 'bin', 'python3');
  if (existsSync(python)) return python;
  mkdirSync(cache, { recursive: true });
  const half = `${folder}.${process.pid}`;
  await execa('python3', ['-m', 'venv', half]);
  await execa(join(half, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  renameSync(half, folder);
  return python;
}
