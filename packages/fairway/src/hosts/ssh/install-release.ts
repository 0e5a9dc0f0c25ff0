import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed, HostUnreachable } from '../../ssh/errors.ts';
import { type Artifact, DigestMismatch } from '../hosts.ts';
import type { HostLink } from './host-link.ts';
import { HOST_PROGRAM, type HostError } from './protocol.ts';
import { refusalOf } from './refusals.ts';

interface Offer {
  readonly installed: boolean;
  /** How many bytes an earlier attempt has left on the host. */
  readonly received: number;
}

const OFFER_DEADLINE_MS = 30_000;
/** Unpacking and flushing on a slow disk, beside the transfer itself. */
const UNPACK_DEADLINE_MS = 300_000;
const SLOWEST_BYTES_PER_MS = 25;
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 300;

/**
 * Sends an artifact to a host, which verifies and unpacks it. What the host has is not sent again, and a transfer that was
 * cut goes on where it ended.
 */
export async function installRelease(link: HostLink, artifact: Artifact, fence: number): Promise<void> {
  let mayBeDamaged = true;
  for (let attempt = 1; ; attempt += 1) {
    let resumed = false;
    try {
      const offer = await ask(link, artifact, fence);
      if (offer.installed) return;
      resumed = offer.received > 0;
      return await send(link, artifact, fence, offer.received);
    } catch (error) {
      // What was left of an earlier attempt may be damaged; the host has thrown it away.
      const isDamaged = error instanceof DigestMismatch && resumed && mayBeDamaged;
      if (isDamaged) mayBeDamaged = false;
      else if (!(error instanceof HostUnreachable) || attempt === ATTEMPTS) throw error;
      else await delay(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

async function ask(link: HostLink, { app, release, sha256 }: Artifact, fence: number): Promise<Offer> {
  const session = await link.session();
  return session.request<Offer>('offer', { app, release, sha256, fence }, { deadlineMs: OFFER_DEADLINE_MS });
}

async function send(link: HostLink, artifact: Artifact, fence: number, received: number): Promise<void> {
  const { app, release, sha256, file } = artifact;
  const { size } = await stat(file);
  const offset = Math.min(received, size);
  const request = JSON.stringify({ app, release, sha256, fence, offset, size });
  const { connection } = await link.session();
  try {
    await connection.run([...HOST_PROGRAM, 'receive', request], {
      input: createReadStream(file, { start: offset }),
      deadlineMs: UNPACK_DEADLINE_MS + (size - offset) / SLOWEST_BYTES_PER_MS,
    });
  } catch (error) {
    const refusal = error instanceof CommandFailed ? refusalIn(error.stdout) : undefined;
    if (refusal?.code === 'cut-short' || refusal?.code === 'resume-elsewhere')
      throw new HostUnreachable(link.target.name, link.target.address, refusal.message, error);
    throw refusal ? refusalOf(refusal, { host: link.target.name, app, asked: release }) : error;
  }
}

function refusalIn(stdout: string): HostError | undefined {
  try {
    return (JSON.parse(stdout) as { error?: HostError }).error;
  } catch {
    return undefined;
  }
}
