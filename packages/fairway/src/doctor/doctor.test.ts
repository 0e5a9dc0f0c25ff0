import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../test/support/command-line.ts';
import { freePort } from '../../test/support/free-port.ts';
import { hasSshd, SshServer } from '../../test/support/ssh-server.ts';
import type { Finding } from './finding.ts';

describe.skipIf(!hasSshd)('fairway doctor', () => {
  let server: SshServer;
  let folder: string;

  beforeAll(async () => {
    server = await SshServer.start();
    folder = mkdtempSync(join(tmpdir(), 'fairway-doctor-'));
    mkdirSync(join(folder, '.fairway/ssh'), { recursive: true, mode: 0o700 });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function findings(): Promise<{ exitCode: number; of: (machine: string, check: string) => Finding }> {
    const { exitCode, out } = await runCli(['doctor', '--json'], { cwd: folder });
    const all = (JSON.parse(out) as { findings: readonly Finding[] }).findings;
    return {
      exitCode,
      of: (machine, check) => all.find((one) => one.machine === machine && one.check === check)!,
    };
  }

  function write(gonePort: number): void {
    const { port, identityFile } = server.target;
    writeFileSync(
      join(folder, 'fairway.yml'),
      `provider: ssh
ssh: { user: ${userInfo().username}, identity_file: ${identityFile}, config_file: /dev/null }
hosts:
  box1: { address: 127.0.0.1, ssh: { port: ${port} }, roles: [balancer] }
  box2: { address: 127.0.0.1, ssh: { port: ${gonePort} } }
apps: { web: { runtime: node, instances: [box1, box2] } }
`,
    );
  }

  test('looks at hosts that can be reached, and tells why others cannot', async () => {
    write(await freePort());
    const known = join(folder, '.fairway/ssh/known_hosts');
    writeFileSync(known, '');
    const strange = await findings();
    expect(strange.exitCode).toBe(1);
    expect(strange.of('box1', 'ssh')).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('shows a host key that is not in'),
      next: 'Run "fairway provision", which learns it',
    });
    writeFileSync(known, readFileSync(server.target.knownHostsFile));
    const { of } = await findings();
    expect(of('box1', 'ssh')).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(/^lets .* in within \d+ ms, with the host key that is known$/),
    });
    expect(of('box1', 'clock')).toMatchObject({ status: 'ok' });
    expect(of('box1', 'disk').message).toMatch(/MB are free on/);
    expect(of('box2', 'ssh')).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('Connection refused'),
      next: 'Check that the machine is up and that its SSH port is open from here',
    });
    expect(of('control machine', 'state')).toMatchObject({ status: 'ok' });
  });

  test('shows what to do under each thing that is not well', async () => {
    const { out } = await runCli(['doctor'], { cwd: folder });
    expect(out).toMatch(
      /^box2\n {2}!! ssh {8}box2 .*Connection refused\n {15}-> Check that the machine is up/m,
    );
    expect(out).toMatch(/\d+ failures? to be seen to/);
  });
});
