import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlServer } from '../../../demo/src/demo/control.ts';
import { addRemote, push } from '../../../demo/src/demo/push.ts';
import {
  commitChange,
  createWorkspace,
  FAIRWAY,
  removeWorkspace,
  type Workspace,
} from '../../../demo/src/demo/workspace.ts';
import { LoadGenerator } from '../../../demo/src/load/generator.ts';
import { demandingMix } from '../../../demo/src/load/mix.ts';
import { execInHost } from '../../src/lab/lab.ts';
import type { Overview } from '../../src/server/api.ts';
import { describeInLab } from './support/describe-in-lab.ts';

const BOXES = ['box1', 'box2', 'box3'];
const SECRET = 'planted-far-away-51c3 "and" ü';

function configOf(name: string): string {
  return `name: ${name}
provider: lab
control: { listen: 127.0.0.1:0 }
hosts:
  lb1: { roles: [balancer] }
  box[1-3]: {}
apps:
  hello:
    runtime: { type: node }
    instances: "box[1-3]"
    env: { HOST: 0.0.0.0 }
    secrets: [PASSWORD]
    health: { path: /health, interval: 100ms, timeout: 1s, rise: 2, start_timeout: 20s }
    deploy: { max_unavailable: 1, drain_timeout: 5s, hooks: { before_deploy: node hook.js } }
`;
}

describeInLab('A production on machines of its own', ['lb1', ...BOXES], (lab) => {
  let workspace: Workspace;
  let control: ControlServer;
  let keys: string;
  let said = '';

  beforeAll(async () => {
    keys = mkdtempSync(join(tmpdir(), 'fairway-keys-'));
    process.env.FAIRWAY_KEY_FILE = join(keys, 'lab.key');
    workspace = await createWorkspace(configOf(lab().name));
  });
  afterAll(async () => {
    await control?.stop();
    await removeWorkspace(workspace);
    rmSync(keys, { recursive: true });
    delete process.env.FAIRWAY_KEY_FILE;
  });

  /** A command as a person runs it, which has to go well. */
  async function fairway(words: readonly string[], input = ''): Promise<string> {
    const place = ['--config', workspace.config, '--state', workspace.state];
    const { stdout, stderr, exitCode } = await execa(process.execPath, [FAIRWAY, ...place, ...words], {
      reject: false,
      env: { NO_COLOR: '1' },
      input,
    });
    said += `${stdout}\n${stderr}\n`;
    expect({ words, exitCode, stderr, stdout }).toEqual({
      words,
      exitCode: 0,
      stderr: expect.any(String),
      stdout: expect.any(String),
    });
    return stdout;
  }

  async function pushed(): Promise<string> {
    const { exitCode, output } = await push(workspace, () => undefined);
    said += output;
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.any(String) });
    return output;
  }

  const overview = async () => JSON.parse(await fairway(['status', '--json'])) as Overview;
  const visit = async () => (await fetch((await overview()).balancerUrl)).text();

  test('says that it has to be provisioned before it is served', async () => {
    await fairway(['secrets', 'set', 'hello', 'PASSWORD'], SECRET);
    await expect(ControlServer.start(workspace)).rejects.toThrow(
      /lb1, box1, box2, box3 are machines that do not exist yet; run "fairway provision" first/,
    );
  });

  test('runs what is pushed on each of its hosts, behind its balancer', async () => {
    await fairway(['provision']);
    control = await ControlServer.start(workspace);
    await addRemote(workspace, 'hello');
    await commitChange(workspace, {
      file: 'server.js',
      from: "'GET /health'",
      to: `'GET /digest': (_request, response) =>
    response.end(require('node:crypto').createHash('sha256').update(process.env.PASSWORD).digest('hex')),
  'GET /health'`,
      subject: 'Tell the digest',
    });
    await writeFile(join(workspace.app, 'hook.js'), "console.log('hook ' + process.env.PASSWORD);\n");
    await commitChange(workspace, {
      file: 'server.js',
      from: 'server.listen',
      to: "console.log('I know ' + process.env.PASSWORD);\nserver.listen",
      subject: 'Say too much',
    });
    expect(await pushed()).toContain('hook [PASSWORD]');
    const { apps, balancerUrl, unreachable } = await overview();
    expect(unreachable).toEqual([]);
    expect(
      apps[0]!.processes
        .filter(({ state }) => state === 'running')
        .map(({ host }) => host)
        .toSorted(),
    ).toEqual(BOXES);
    const digest = await (await fetch(new URL('/digest', balancerUrl))).text();
    expect(digest).toBe(createHash('sha256').update(SECRET).digest('hex'));
  }, 500_000);

  test('is updated under load without losing a request', async () => {
    const { hostname: host, port } = new URL((await overview()).balancerUrl);
    const load = new LoadGenerator({
      target: { host, port: Number(port || 80), hostname: 'hello.localhost' },
      kinds: demandingMix(),
      perSecond: 60,
      atMost: 20_000,
    });
    load.start();
    await commitChange(workspace, {
      file: 'greeting.js',
      from: 'exports.greeting',
      to: '// Another release\nexports.greeting',
      subject: 'Change a comment',
    });
    await pushed();
    await load.stop();
    const { sent, failed, examples } = load.tally.totals();
    expect(failed, examples.join('\n')).toBe(0);
    expect(sent).toBeGreaterThan(100);
  });

  test('shows logs of all hosts, and runs commands, with secrets hidden', async () => {
    const logs = await fairway(['logs', 'hello', '--lines', '50']);
    expect(logs.match(/I know \[PASSWORD\]/g)?.length).toBeGreaterThanOrEqual(3);
    for (const box of BOXES) expect(logs).toContain(box);
    const run = ['run', 'hello', '--', 'node', '-e', 'console.log("it is", process.env.PASSWORD)'];
    expect(await fairway(run)).toContain('it is [PASSWORD]');
  });

  test('goes back to the release before', async () => {
    const before = await visit();
    await fairway(['rollback', 'hello']);
    expect(await visit()).not.toBe(before);
  });

  test('restarts its instances with a changed secret', async () => {
    await fairway(['secrets', 'set', 'hello', 'PASSWORD'], `${SECRET} again`);
    await fairway(['apply']);
    const digest = await (await fetch(new URL('/digest', (await overview()).balancerUrl))).text();
    expect(digest).toBe(createHash('sha256').update(`${SECRET} again`).digest('hex'));
  });

  test('is found to be well by the doctor', async () => {
    const told = await fairway(['doctor']);
    expect(told).toMatch(/lb1\n[\s\S]*reaches the instances' ports on box1, box2, box3/);
    expect(told).toContain('All is well.');
  });

  test('has its secret nowhere but where instances read it', async () => {
    for (const words of [['rollouts'], ['releases', 'hello'], ['audit'], ['plan', 'apply']])
      await fairway(words);
    expect(said + control.output).not.toContain(SECRET);
    for (const entry of readdirSync(workspace.folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile()) expect(readFileSync(file).includes('planted-far-away'), file).toBe(false);
    }
    for (const box of BOXES) {
      const search = [
        'grep',
        '-rlsa',
        'planted-far-away',
        '/etc',
        '/var/lib',
        '/home',
        '/root',
        '/tmp',
        '/opt',
      ];
      const files = (await execInHost(lab().name, box, search).catch(() => '')).trim().split('\n');
      expect(
        files.filter((file) => !/^\/var\/lib\/fairway\/slots\/hello\//.test(file) && file !== ''),
      ).toEqual([]);
      const argv = ['sh', '-c', 'cat /proc/[0-9]*/cmdline | grep -ac "planted-fa[r]-away" || true'];
      expect((await execInHost(lab().name, box, argv)).trim()).toBe('0');
    }
  });

  test('goes on when everything of it that runs here is stopped', async () => {
    const { balancerUrl } = await overview();
    const told = await fairway(['down', '--yes']);
    expect(told).toContain('Instances and balancers on other machines go on');
    expect(await (await fetch(balancerUrl)).text()).toContain('on instance box');
  });
});
