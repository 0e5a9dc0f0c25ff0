import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { sshArguments } from './target.ts';

const target = {
  name: 'box1',
  address: '10.0.0.21',
  port: 2222,
  user: 'fairway',
  identityFile: '/srv/my keys/100% safe',
  knownHostsFile: '/srv/my state/known_hosts',
  configFile: '/dev/null',
  controlDirectory: '/tmp/some where',
};

describe('arguments for ssh', () => {
  it('mean to ssh what they are to mean, with blanks and percent signs in paths', () => {
    const resolved = execFileSync('ssh', ['-G', ...sshArguments(target), '--', target.address], {
      encoding: 'utf8',
    }).split('\n');
    for (const line of [
      'user fairway',
      'port 2222',
      'batchmode yes',
      'stricthostkeychecking true',
      'identityfile /srv/my keys/100%% safe',
      'controlmaster auto',
      'controlpersist 60',
      'streamlocalbindunlink yes',
    ]) {
      expect(resolved).toContain(line);
    }
    expect(resolved.find((line) => line.startsWith('controlpath'))).toMatch(
      /^controlpath \/tmp\/some where\/[0-9a-f]{40}$/,
    );
    expect(resolved.find((line) => line.startsWith('userknownhostsfile'))).toContain(
      '/srv/my state/known_hosts',
    );
  });

  it('leave what the ssh_config says about agents and jumps in force', () => {
    const given = sshArguments(target).join(' ');
    expect(given).not.toMatch(/ProxyJump|ProxyCommand|IdentityAgent|IdentitiesOnly|ForwardAgent/);
  });

  it('refuse a path that ssh has no way to read', () => {
    expect(() => sshArguments({ ...target, knownHostsFile: '/srv/"quoted"' })).toThrow('rename it');
  });
});
