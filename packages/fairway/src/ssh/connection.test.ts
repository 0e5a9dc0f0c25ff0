import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSshd, SshServer } from '../../test/support/ssh-server.ts';
import { SshConnection } from './connection.ts';

describe.skipIf(!hasSshd)('a connection to a host', () => {
  let server: SshServer;
  let connection: SshConnection;
  const deadlineMs = 10_000;

  beforeAll(async () => {
    server = await SshServer.start();
    connection = await SshConnection.open(server.target);
  });

  afterAll(async () => {
    await connection.close();
    await server.close();
  });

  it('runs a program with exactly the arguments given, and what it is to read', async () => {
    const words = ['$HOME', "it's", '', 'a b', '*'];
    const told = await connection.run(['printf', '[%s]', ...words], { deadlineMs });
    expect(told).toEqual({ stdout: "[$HOME][it's][][a b][*]", stderr: '' });
    const echoed = await connection.run(['cat'], { deadlineMs, input: 'line\n'.repeat(50_000) });
    expect(echoed.stdout).toHaveLength(250_000);
  });

  it('tells how a program failed, also when its exit code is the one that ssh uses for itself', async () => {
    const failed = connection.run(['sh', '-c', 'echo broken >&2; exit 255'], { deadlineMs });
    await expect(failed).rejects.toMatchObject({
      code: 'command-failed',
      exitCode: 255,
      stderr: 'broken\n',
      host: 'box1',
    });
  });

  it('gives a program up at its deadline', async () => {
    await expect(connection.run(['sleep', '60'], { deadlineMs: 200 })).rejects.toMatchObject({
      code: 'deadline-met',
      message: expect.stringContaining('box1 did not end "sleep 60" within 0.2 s') as string,
    });
  });

  it('gives a program up when asked to', async () => {
    const ending = new AbortController();
    const running = connection.run(['sleep', '60'], { deadlineMs, signal: ending.signal });
    ending.abort(new Error('no longer wanted'));
    await expect(running).rejects.toThrow('no longer wanted');
  });

  it('speaks to a program line by line, until it is told that there is no more', async () => {
    const session = connection.session(['sed', '-u', 's/^/heard /']);
    const lines = session.lines[Symbol.asyncIterator]();
    session.send('one');
    expect((await lines.next()).value).toBe('heard one');
    session.send('two');
    expect((await lines.next()).value).toBe('heard two');
    await session.end();
    expect((await lines.next()).done).toBe(true);
    expect(await session.ended).toBeUndefined();
  });

  it('makes a unix socket of the host reachable here', async () => {
    const remote = join(server.folder, 'remote.sock');
    const local = join(server.folder, 'local.sock');
    const service = createServer((_, answer) => answer.end('from the host')).listen(remote);
    writeFileSync(local, 'left behind by an earlier forward');
    const forward = await connection.forward(local, remote);
    expect(await get(local)).toBe('from the host');
    await forward.close();
    service.close();
  });

  it('writes a file whole or not at all', async () => {
    const path = join(server.folder, 'it is', 'written');
    const missing = connection.upload('content', path);
    await expect(missing).rejects.toMatchObject({ code: 'command-failed' });
    mkdirSync(join(server.folder, 'it is'));
    await connection.upload('content', path);
    await connection.upload('other', path);
    expect(readFileSync(path, 'utf8')).toBe('other');
  });
});

describe.skipIf(!hasSshd)('no connection to a host', () => {
  let server: SshServer;

  beforeAll(async () => {
    server = await SshServer.start();
  });

  afterAll(() => server.close());

  const opening = async (changes: object = {}, timeoutMs?: number): Promise<unknown> =>
    SshConnection.open({ ...server.target, ...changes }, timeoutMs).then(
      async (connection) => {
        await connection.close();
        return 'it opened';
      },
      (error: unknown) => error,
    );

  it('where nothing listens', async () => {
    expect(await opening({ port: 1 })).toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('Connection refused') as string,
    });
  });

  it('where the name does not exist', async () => {
    expect(await opening({ address: 'nowhere.invalid' })).toMatchObject({ code: 'host-unreachable' });
  });

  it('where the key is not accepted', async () => {
    expect(await opening({ identityFile: join(server.folder, 'host') })).toMatchObject({
      code: 'authentication-refused',
    });
  });

  it('where the server hangs', async () => {
    server.signal('SIGSTOP');
    expect(await opening({}, 500)).toMatchObject({ code: 'deadline-met' });
    server.signal('SIGCONT');
  });

  it('where the host key is not known, or has changed', async () => {
    expect(await opening({ knownHostsFile: '/dev/null' })).toMatchObject({ code: 'host-key-unknown' });
    await server.changeHostKey();
    expect(await opening()).toMatchObject({
      code: 'host-key-changed',
      message: expect.stringContaining(server.target.knownHostsFile) as string,
    });
    server.learnHostKey();
    expect(await opening()).toBe('it opened');
  });

  it('any more, after it was lost: what was under way is told so, and later calls as well', async () => {
    const connection = await SshConnection.open(server.target);
    const running = connection.run(['sleep', '60'], { deadlineMs: 20_000 });
    const session = connection.session(['cat']);
    const told = await connection.run(['sh', '-c', 'echo $PPID'], { deadlineMs: 5_000 });
    process.kill(Number(told.stdout), 'SIGKILL');
    expect(await connection.lost).toMatchObject({ code: 'host-unreachable' });
    await expect(running).rejects.toMatchObject({ code: 'host-unreachable' });
    expect(await session.ended).toMatchObject({ code: 'host-unreachable' });
    await expect(connection.run(['true'], { deadlineMs: 5_000 })).rejects.toMatchObject({
      code: 'host-unreachable',
    });
  });
});

function get(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/', agent: false }, (answer) => {
      text(answer).then(resolve, reject);
    });
    asked.once('error', reject).end();
  });
}
