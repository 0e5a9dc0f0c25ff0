import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeInLab } from './support/describe-in-lab.ts';
import { TypedPage } from './support/typed-page.ts';

/** What docs/first-production.md tells the reader to type, by its sections. */
const TYPED = {
  'Describe it': [
    'ssh root@10.0.0.10 true',
    'ssh root@10.0.0.21 true',
    'ssh root@10.0.0.22 true',
    'fairway secrets set shop SESSION_SECRET',
    'fairway check',
  ],
  'Set the machines up': ['fairway provision', 'fairway doctor', 'fairway plan provision'],
  'Start the control server': ['fairway serve --detach', 'fairway remote shop'],
  Push: [
    'git remote add fairway /srv/production/.fairway/repositories/shop.git',
    'git push fairway HEAD:production',
    'curl --fail --header "Host: shop.example.org" http://10.0.0.10/',
  ],
  'Look, change, go back': [
    'fairway status',
    'fairway releases shop',
    'fairway rollback shop',
    'fairway doctor',
  ],
};

describeInLab('The page about the first production', ['lb1', 'box1', 'box2'], (lab) => {
  let page: TypedPage;
  beforeAll(async () => {
    // Others may use the port that a control server has by default.
    page = await TypedPage.open(lab(), 'control: { listen: 127.0.0.1:0 }\n');
  });
  afterAll(() => page.close());

  test('says what these tests type', () => {
    for (const [section, lines] of Object.entries(TYPED)) expect(page.lines(section)).toEqual(lines);
  });

  test('lets nothing out before the machines are set up', async () => {
    for (const line of TYPED['Describe it']) await page.type(line);
  });

  test('sets the machines up, and finds them well', async () => {
    const [provision, doctor, plan] = TYPED['Set the machines up'] as [string, string, string];
    expect(await page.type(provision)).toMatch(/3 hosts in/);
    expect(await page.type(doctor)).toContain('All is well.');
    expect((await page.type(plan)).match(/as it should be/g)).toHaveLength(3);
  }, 400_000);

  test('puts what is pushed into production', async () => {
    const [serve, remote] = TYPED['Start the control server'] as [string, string];
    expect(await page.type(serve)).toContain('production is up');
    const [add] = /^git remote add fairway (\S+)$/m.exec(await page.type(remote))!;
    const [written, push, curl] = TYPED.Push as [string, string, string];
    expect(add.replace(page.folder, '/srv')).toBe(written);
    await page.type(add, page.shop);
    expect(await page.type(push, page.shop)).toContain('shop-1 succeeded');
    expect(await page.type(curl)).toContain('hello');
  });

  test('goes back', async () => {
    const file = join(page.shop, 'greeting.js');
    writeFileSync(file, readFileSync(file, 'utf8').replace('hello', 'good morning'));
    const [push, curl] = [TYPED.Push[1]!, TYPED.Push[2]!];
    await page.type('git commit --quiet -am "Greet the early"', page.shop);
    expect(await page.type(push, page.shop)).toContain('shop-2 succeeded');
    expect(await page.type(curl)).toContain('good morning');
    const [status, releases, rollback, doctor] = TYPED['Look, change, go back'] as [
      string,
      string,
      string,
      string,
    ];
    expect(await page.type(status)).toContain('2 of 2 serving');
    expect(await page.type(releases)).toContain('Greet the early');
    expect(await page.type(rollback)).toContain('shop-3 succeeded');
    expect(await page.type(curl)).toContain('hello');
    expect(await page.type(doctor)).toContain('All is well.');
    for (const line of ['fairway plan deploy shop', 'fairway plan apply', 'fairway apply'])
      await page.type(line);
  });
});
