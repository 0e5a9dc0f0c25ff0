import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { labDown } from '../../src/lab/lab.ts';
import { whyNoLab } from '../../src/lab/requirements.ts';
import { testLabName } from './support/describe-in-lab.ts';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const page = readFileSync(join(repository, 'docs/rehearse-in-the-lab.md'), 'utf8');

/** What the page tells the reader to type, in its order. */
const TYPED = [
  'fairway lab up lb1 box[1-3]',
  'fairway lab status',
  'fairway lab ssh box1 -- uptime',
  'fairway lab exec box1 -- systemctl is-system-running --wait',
  'fairway lab list --json',
  'fairway lab kill box1',
  'fairway lab start box1',
  'fairway lab cut box1',
  'fairway lab heal',
  'fairway lab cut box1 --from lb1',
  'fairway lab heal box1',
  'fairway lab cut box1 --from-here',
  'fairway lab slow box1 --delay 100ms --loss 1%',
  'fairway lab heal',
  'fairway lab fill-disk box1',
  'fairway lab free-disk box1',
  'fairway lab freeze-sshd box1',
  'fairway lab thaw-sshd box1',
  'fairway lab exec box1 -- apt-get install -qq faketime',
  'fairway lab exec box1 -- faketime -f +1h date',
  'fairway lab down',
];

const reason = whyNoLab()?.message;

describe.skipIf(reason)(reason ? `The page (skipped: ${reason})` : 'The page about the lab', () => {
  const name = testLabName();
  const folder = mkdtempSync(join(tmpdir(), 'fairway-lab-page-'));
  afterAll(async () => {
    await labDown(name);
    rmSync(folder, { recursive: true });
  });

  const type = (line: string, cwd = '/') => {
    const [program, ...words] = line.split(' ');
    expect(program).toBe('fairway');
    return execa(process.execPath, [join(repository, 'packages/fairway/bin/fairway.js'), ...words], {
      cwd,
      env: { NO_COLOR: '1' },
    });
  };

  test.each(TYPED)('works as written: %s', async (line) => {
    expect(page).toContain(line);
    // Other labs may be here, so the lab is named, which the page leaves out.
    const named = line.endsWith('--json') ? line : line.replace(/^fairway lab \S+/, `$& --name ${name}`);
    await type(named);
  });

  test('says what a fairway.yml with provider lab brings up, and that is so', async () => {
    expect(page).toContain('a plain `fairway lab up` starts the machines that the file leaves to be created');
    const lines = [
      `name: ${name}`,
      'provider: lab',
      'lab: { disk: 512mb }',
      'hosts:',
      '  lb1: { roles: [balancer] }',
      '  box[1-2]: {}',
      '  elsewhere: { address: 192.0.2.9 }',
      'apps: {}',
    ];
    writeFileSync(join(folder, 'fairway.yml'), `${lines.join('\n')}\n`);
    const up = await type('fairway lab up --json', folder);
    const lab = JSON.parse(up.stdout) as { name: string; hosts: { name: string }[] };
    expect([lab.name, lab.hosts.map((host) => host.name)]).toEqual([name, ['lb1', 'box1', 'box2']]);
    const size = await type('fairway lab exec box1 -- df --output=size -m /', folder);
    expect(Number(size.stdout.split('\n')[1])).toBeLessThan(512);
    expect((await type('fairway lab down', folder)).stdout).toContain(`The lab ${name} is gone.`);
  });
});
