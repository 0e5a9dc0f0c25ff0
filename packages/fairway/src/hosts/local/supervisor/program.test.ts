import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Launch } from '../../hosts.ts';
import { programOf } from './program.ts';

const release = '/state/hosts/local/releases/shop/r1';

const launch: Launch = {
  generation: 'r1+c1',
  release: 'r1',
  command: ['server', '--port', '${PORT}'],
  directory: 'app',
  env: { PORT: '4001' },
  port: 4001,
  stopTimeoutMs: 1000,
};

describe('what a launch means on this machine', () => {
  it('hands arguments over as they are, without any shell', () => {
    const command = ['server', '$(reboot)', '; rm *', '${PORT}${PORT}', '${NOT_THERE}', '$PORT'];
    const { file, args } = programOf({ ...launch, command }, release);
    expect([file, ...args]).toEqual(['server', '$(reboot)', '; rm *', '40014001', '${NOT_THERE}', '$PORT']);
  });

  it('lets nothing of our own environment through but PATH, HOME and LANG', () => {
    process.env.CONTROLLER_SECRET = 'x';
    const { env } = programOf(launch, release);
    delete process.env.CONTROLLER_SECRET;
    expect(Object.keys(env).sort()).toEqual(['HOME', 'LANG', 'PATH', 'PORT']);
    expect(env.PATH?.split(':')).toContain(dirname(process.execPath));
  });

  it('prefers what the launch gives', () => {
    const given = { PATH: '/only', HOME: '/home/app', LANG: 'de_DE.UTF-8' };
    expect(programOf({ ...launch, env: given, path: ['bin'] }, release).env).toEqual({
      ...given,
      PATH: `${release}/bin:/only`,
    });
  });

  it.each(['..', '/etc', 'app/../../r2'])('refuses the folder %s: it is not in the release', (directory) => {
    expect(() => programOf({ ...launch, directory }, release)).toThrow(/is not inside the release/);
    expect(() => programOf({ ...launch, path: [directory] }, release)).toThrow(/is not inside the release/);
  });
});
