import { get } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Overview } from '../../src/server/api.ts';
import { describeInLab } from './support/describe-in-lab.ts';
import { TypedPage } from './support/typed-page.ts';

const SECTION = 'A control server for the team';

/** What docs/first-production.md tells the reader to type, once the machine is set up. */
const TYPED = [
  'ssh root@10.0.0.9 install -m 600 -o fairway-control /dev/stdin /etc/fairway/secrets.key < ~/.config/fairway/keys/production.key',
  'ssh root@10.0.0.9 install -D -m 600 -o fairway-control /dev/stdin /srv/fairway/.ssh/authorized_keys < ~/.ssh/id_ed25519.pub',
  'ssh root@10.0.0.9 fairway doctor',
  'git remote add fairway ssh://fairway-control@10.0.0.9/srv/fairway/.fairway/repositories/shop.git',
  'git push fairway HEAD:production',
  'ssh root@10.0.0.9 fairway status',
  'ssh root@10.0.0.9 fairway token add anna',
] as const;

describeInLab('A control server on a machine of its own', ['lb1', 'box1', 'ctl'], (lab) => {
  let page: TypedPage;
  const [copyKey, copyPerson, doctor, addRemote, push, status, addToken] = TYPED;

  const ask = (token = '') => {
    const { address } = lab().hosts.find(({ name }) => name === 'ctl')!;
    // Its certificate is signed by nobody.
    const options = { rejectUnauthorized: false, headers: { authorization: `Bearer ${token}` } };
    return new Promise<number | undefined>((resolve, reject) => {
      get(`https://${address}:7443/api/overview`, options, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
  };

  beforeAll(async () => {
    page = await TypedPage.open(lab());
    const [line = ''] = page.blocks(SECTION, 'yaml');
    // One machine for the app is enough here.
    page.configure((text) =>
      text
        .replace('hosts:\n', `hosts:\n${page.placed(line)}`)
        .replaceAll('box[1-2]', 'box1')
        .replace(/"([\d.]+)\[(\d+)-\d+\]"/, '$1$2'),
    );
    await page.type('fairway secrets set shop SESSION_SECRET');
  });
  afterAll(() => page.close());

  test('is set up as the page says', async () => {
    expect(page.lines(SECTION)).toEqual(TYPED);
    await page.type('fairway provision');
    for (const line of [copyKey, copyPerson]) await page.type(line);
    expect(await page.type(doctor)).toContain('All is well.');
  }, 400_000);

  test('takes pushes, and reaches the other machines from there', async () => {
    await page.type(addRemote, page.shop);
    expect(await page.type(push, page.shop)).toContain('shop-1 succeeded');
    expect(await page.type(status)).toContain('1 of 1 serving');
    const { production, unreachable } = JSON.parse(await page.type(`${status} --json`)) as Overview;
    expect({ production, unreachable }).toEqual({ production: 'production', unreachable: [] });
  });

  test('lets those in who have a token, through TLS', async () => {
    expect(await ask()).toBe(401);
    const [token] = /fwy_\S+/.exec(await page.type(addToken))!;
    expect(await ask(token)).toBe(200);
  });

  test('takes over what is changed, by a run that changes nothing else', async () => {
    page.configure((text) => `${text}    env: { GREETING: loud }\n`);
    const told = await page.type('fairway provision --limit ctl --json');
    const { hosts } = JSON.parse(told) as { hosts: { changes: { task: string }[] }[] };
    expect(hosts.flatMap(({ changes }) => changes.map(({ task }) => task))).toEqual([
      'control: Copy the configuration, and what is known of the machines',
    ]);
    expect(await page.type('ssh root@10.0.0.9 fairway apply')).toContain('shop-2 succeeded');
  });
});
