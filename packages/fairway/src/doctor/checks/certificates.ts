import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Check } from '../check.ts';
import { CONTROL_MACHINE, failure, type Observation, ok, warning } from '../finding.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 21;
const TIMEOUT_MS = 3_000;
const RENEW = 'Renew it, put it into balancer.tls.certificates, then run "fairway provision"';

/** When certificates run out: those of the file's folder, and the one that a balancer really shows. */
export const certificates: Check = {
  name: 'certificates',
  concerns: (machine) => machine.name === CONTROL_MACHINE || machine.roles.includes('balancer'),
  async examine(machine, { production, now }) {
    const { tls } = production.balancer;
    if (!tls) return [];
    if (machine.name !== CONTROL_MACHINE) return [await shown(machine.address, tls.listen.port, now())];
    return tls.certificatesDirectory === undefined ? [] : given(tls.certificatesDirectory, now());
  },
};

function given(folder: string, now: number): readonly Observation[] {
  let files: readonly string[];
  try {
    files = readdirSync(folder).filter((file) => !file.startsWith('.'));
  } catch (error) {
    return [
      failure(`${folder} cannot be read: ${(error as Error).message}`, 'Correct balancer.tls.certificates'),
    ];
  }
  if (files.length === 0) return [failure(`${folder} holds no certificate`, 'Put PEM files there')];
  return files.map((file) => {
    try {
      const certificate = new X509Certificate(readFileSync(join(folder, file)));
      return expiry(file, Date.parse(certificate.validTo), now);
    } catch (error) {
      return failure(`${join(folder, file)} is no certificate: ${(error as Error).message}`, 'Replace it');
    }
  });
}

async function shown(address: string, port: number, now: number): Promise<Observation> {
  // Whether it is trusted is not the question: a self-signed one runs out as well.
  const socket = connect({ host: address, port, rejectUnauthorized: false, timeout: TIMEOUT_MS });
  socket.once('timeout', () => socket.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
  try {
    await once(socket, 'secureConnect');
    const { valid_to: validTo } = socket.getPeerCertificate();
    return expiry(`the certificate on port ${port}`, Date.parse(validTo), now);
  } catch (error) {
    return failure(
      `the certificate on port ${port} could not be looked at: ${(error as Error).message}`,
      'See whether HAProxy runs there: systemctl status haproxy',
    );
  } finally {
    socket.destroy();
  }
}

function expiry(what: string, at: number, now: number): Observation {
  const days = Math.floor((at - now) / DAY_MS);
  const day = new Date(at).toISOString().slice(0, 10);
  if (days < 0) return failure(`${what} ran out on ${day}`, RENEW);
  if (days < SOON_DAYS) return warning(`${what} runs out on ${day}, in ${days} days`, RENEW);
  return ok(`${what} is valid until ${day}`);
}
