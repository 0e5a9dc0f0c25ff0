import { describe, expect, test } from 'vitest';
import { fingerprint, keyTypeName, parseKnownHosts, withHostKeys } from './host-keys.ts';

// Made by ssh-keygen, which gave this fingerprint for it.
const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIP063nZqJ8cUM2drByp3qlpaEH7knZmmTeaDEpWoyc1c';

describe('a known_hosts file', () => {
  test('is read without comments, marked and hashed lines', () => {
    const text = `# mine\n@revoked box ssh-rsa AA\n|1|abc= ssh-rsa AA\n10.0.0.1,box1 ssh-ed25519 ${KEY} root@box1\n`;
    expect(parseKnownHosts(text)).toEqual([
      { place: '10.0.0.1', type: 'ssh-ed25519', key: KEY },
      { place: 'box1', type: 'ssh-ed25519', key: KEY },
    ]);
  });

  test('takes a new key in place of the old one, and leaves the others', () => {
    const before = 'a ssh-ed25519 AAA\n[a]:2222 ssh-ed25519 BBB\nb ssh-rsa CCC\n';
    expect(withHostKeys(before, [{ place: 'a', type: 'ssh-rsa', key: 'NEW' }])).toBe(
      '[a]:2222 ssh-ed25519 BBB\nb ssh-rsa CCC\na ssh-rsa NEW\n',
    );
  });
});

test('a fingerprint is the one that ssh-keygen shows', () => {
  expect(fingerprint({ place: 'a', type: 'ssh-ed25519', key: KEY })).toBe(
    'SHA256:IlpiC1SKAMTZKC46ZbpMMbelcsajvtI1m5awuyBxSvw',
  );
  expect(['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256'].map(keyTypeName)).toEqual([
    'ED25519',
    'RSA',
    'ECDSA',
  ]);
});
