import { createHash } from 'node:crypto';

/** A line of a known_hosts file that is not hashed. */
export interface HostKey {
  /** As ssh writes it: `10.0.0.1`, or `[10.0.0.1]:2222`. */
  readonly place: string;
  readonly type: string;
  /** Base64. */
  readonly key: string;
}

/** The keys in a known_hosts file; comments, marked and hashed lines are passed over. */
export function parseKnownHosts(text: string): HostKey[] {
  return text.split('\n').flatMap((line) => {
    const [places = '', type = '', key = ''] = line.trim().split(/\s+/);
    if (!/^[a-z]/.test(type) || key === '' || /^[#@|]/.test(places)) return [];
    return places.split(',').map((place) => ({ place, type, key }));
  });
}

/** A known_hosts file in which these keys stand for their places in place of all that stood for them before. */
export function withHostKeys(text: string, keys: readonly HostKey[]): string {
  const places = new Set(keys.map(({ place }) => place));
  const kept = text.split('\n').filter((line) => line !== '' && !places.has(line.split(' ', 1)[0]!));
  const added = keys.map(({ place, type, key }) => `${place} ${type} ${key}`);
  return [...kept, ...added].map((line) => `${line}\n`).join('');
}

/** As `ssh-keygen -l` and `ssh` show it: `SHA256:…`. */
export function fingerprint({ key }: HostKey): string {
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

/** `ssh-ed25519` → `ED25519`, as ssh names it where it shows fingerprints. */
export function keyTypeName(type: string): string {
  return type
    .replace(/^(ssh-|ecdsa-sha2-nistp\d+$)/, (found) => (found.startsWith('ecdsa') ? 'ECDSA' : ''))
    .toUpperCase();
}
