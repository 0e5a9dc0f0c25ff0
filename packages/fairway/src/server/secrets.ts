import { randomBytes } from 'node:crypto';

/** A token's secret: 256 random bits, with a prefix by which people and secret scanners know it. */
export function newSecret(): string {
  return `fwy_${randomBytes(32).toString('base64url')}`;
}
