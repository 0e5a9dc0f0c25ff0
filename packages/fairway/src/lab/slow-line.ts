import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { LabProblem } from './lab-problem.ts';
import { findMarked, killProcess, markProcess } from './marked-process.ts';
import { bridgeName, detourNames, portName } from './naming.ts';
import { hostPaths } from './paths.ts';
import type { HostRecord, LabRecord } from './record.ts';

/** Makes packets to a host as late as the record says; nothing when it is off. */
export async function applyDelay(record: LabRecord, host: HostRecord): Promise<void> {
  await removeDelay(record.name, host);
  const port = portName(record.name, host.address);
  const delayMs = record.faults.slow[host.name]?.delayMs ?? 0;
  if (delayMs === 0 || !hasLink(port)) return;
  if (!(await delayInKernel(port, delayMs))) await delayOnDetour(record.name, host, delayMs);
}

export async function removeDelay(lab: string, host: HostRecord): Promise<void> {
  const port = portName(lab, host.address);
  await endDetour(lab, host);
  if (hasLink(port) && (await run('tc', ['qdisc', 'show', 'dev', port, 'root'])).includes('netem')) {
    await run('tc', ['qdisc', 'delete', 'dev', port, 'root']);
  }
}

/** By netem; false when this kernel has none. */
async function delayInKernel(port: string, delayMs: number): Promise<boolean> {
  // Room for what a fast sender has under way during the delay; netem drops what is beyond.
  const netem = ['netem', 'delay', `${delayMs}ms`, 'limit', String(MOST_FRAMES)];
  try {
    await run('tc', ['qdisc', 'replace', 'dev', port, 'root', ...netem]);
    return true;
  } catch (error) {
    if (error instanceof LabProblem && /kind is unknown|No such file/.test(error.message)) return false;
    throw error;
  }
}

const MOST_FRAMES = 100_000;

/**
 * Carries Ethernet frames between two TAP devices that it makes, those to the host late. Python is the only common
 * language that can open such a device without a library; the devices vanish with it.
 */
const CARRIER = `
import collections, fcntl, os, select, struct, sys, time

def open_tap(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return device

def frames(device):
    for _ in range(256):
        try:
            yield os.read(device, 65536)
        except OSError:
            return

def send(device, frame):
    try:
        os.write(device, frame)
    except OSError:
        pass  # As a line does that is down, or full.

lab, host = open_tap(sys.argv[1]), open_tap(sys.argv[2])
delay_seconds, most_frames = float(sys.argv[3]) / 1000, int(sys.argv[4])
late = collections.deque()
print("ready", flush=True)
while True:
    wait = max(0, late[0][0] - time.monotonic()) if late else None
    ready, _, _ = select.select([lab, host], [], [], wait)
    now = time.monotonic()
    if host in ready:
        for frame in frames(host):
            send(lab, frame)
    if lab in ready:
        late.extend((now + delay_seconds, frame) for frame in frames(lab) if len(late) < most_frames)
    while late and late[0][0] <= now:
        send(host, late.popleft()[1])
`;

/** Leads the host's cable to a bridge of its own, from which a carrier brings frames to the lab's and back. */
async function delayOnDetour(lab: string, host: HostRecord, delayMs: number): Promise<void> {
  const { bridge, labSide, hostSide } = detourNames(lab, host.address);
  await startCarrier(lab, host, [labSide, hostSide, String(delayMs), String(MOST_FRAMES)]);
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['link', 'set', bridge, 'up']);
  await run('ip', ['link', 'set', hostSide, 'master', bridge, 'up']);
  await run('ip', ['link', 'set', portName(lab, host.address), 'master', bridge]);
  await run('ip', ['link', 'set', labSide, 'master', bridgeName(lab), 'up']);
}

async function startCarrier(lab: string, host: HostRecord, args: readonly string[]): Promise<void> {
  const child = spawn('python3', ['-c', CARRIER, ...args], {
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const isReady = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
    once(child, 'error').then(() => false),
  ]);
  if (!isReady) {
    throw new LabProblem(
      'lab-unavailable',
      'this kernel has no netem to delay packets with, and the way around it needs python3 and /dev/net/tun',
      'install python3, or use a kernel with sch_netem (Debian: linux-image-amd64)',
    );
  }
  markProcess(hostPaths(lab, host.name).carrier, child.pid!);
  child.stdout.destroy();
  child.unref();
}

async function endDetour(lab: string, { name, address }: HostRecord): Promise<void> {
  const { bridge } = detourNames(lab, address);
  const port = portName(lab, address);
  const { carrier } = hostPaths(lab, name);
  const pid = findMarked(carrier);
  if (hasLink(bridge) && hasLink(port)) await run('ip', ['link', 'set', port, 'master', bridgeName(lab)]);
  if (pid !== undefined) killProcess(pid);
  if (hasLink(bridge)) await run('ip', ['link', 'delete', bridge]);
  rmSync(carrier, { force: true });
}

function hasLink(name: string): boolean {
  return existsSync(join('/sys/class/net', name));
}
