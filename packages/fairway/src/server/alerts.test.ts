import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { Refusal } from '../runner/controller.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.dispose());
beforeEach(() => server.controller.asked.splice(0));

const plain = { app: 'shop', reason: 'payments fail' };
const firing = {
  status: 'firing',
  labels: { alertname: 'HighErrorRate', fairway_app: 'shop', severity: 'page' },
  annotations: { summary: '7 % of requests fail' },
  startsAt: '2026-11-24T18:00:00Z',
  fingerprint: 'c0ffee',
};
const webhook = (...alerts: object[]) => ({
  version: '4',
  groupKey: 'g',
  status: 'firing',
  receiver: 'r',
  alerts,
});

const post = (body: unknown, more: Parameters<TestServer['ask']>[2] = {}) =>
  server.ask('POST', '/alerts', { as: 'deployer', body, ...more });
const messageOf = (text: string) => (JSON.parse(text) as { error: { code: string; message: string } }).error;

function signature(text: string, seconds: number, key = alertKey()): string {
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${text}`).digest('hex')}`;
}
const alertKey = () => readFileSync(join(server.directory, 'alerts.key'), 'utf8').trim();
const nowS = () => Math.floor(Date.now() / 1000);
const signed = (text: string, header: string) =>
  post(text, { as: 'nobody', headers: { 'x-fairway-signature': header } });

describe('an alert', () => {
  it('reaches the controller, is answered once it has taken effect, and is audited', async () => {
    const { status, text } = await post({ ...plain, source: 'pager', severity: 3 });
    expect({ status, answer: JSON.parse(text) as unknown }).toEqual({
      status: 202,
      answer: { taken: [{ app: 'shop', rollouts: ['shop-1'], unreached: [] }], unknown: [] },
    });
    expect(server.controller.asked).toEqual([
      { method: 'alert', args: ['shop', { by: 'pager (deployer)', why: 'payments fail' }] },
    ]);
    expect(server.store.audits({ limit: 1 })[0]).toMatchObject({
      action: 'alert',
      by: 'pager (deployer)',
      subject: 'shop: shop-1',
      why: 'payments fail',
    });
  });

  it('of Alertmanager says what it is called, once per app, and nothing of what is resolved', async () => {
    const other = { ...firing, labels: { alertname: 'Slow', app: 'blog' }, annotations: {} };
    const { status } = await post(
      webhook(firing, { ...firing, labels: { ...firing.labels, alertname: 'Again' } }, other, {
        ...firing,
        status: 'resolved',
        labels: { app: 'calm' },
      }),
    );
    expect(status).toBe(202);
    expect(server.controller.asked.map(({ args }) => args)).toEqual([
      ['shop', { by: 'deployer', why: 'HighErrorRate: 7 % of requests fail' }],
      ['blog', { by: 'deployer', why: 'Slow' }],
    ]);
  });

  it('that is all resolved changes nothing', async () => {
    expect((await post(webhook({ ...firing, status: 'resolved' }))).status).toBe(202);
    expect(server.controller.asked).toEqual([]);
  });

  it('about an app that nobody knows is answered 404, and among others by its name', async () => {
    const refusal = () => new Refusal(404, 'app-not-found', 'there is no app shop in fairway.yml');
    server.controller.refusal = refusal();
    expect((await post(plain)).status).toBe(404);
    server.controller.refusal = refusal();
    const other = { ...firing, labels: { app: 'blog' } };
    const { text } = await post(webhook(firing, other));
    expect(JSON.parse(text)).toMatchObject({ unknown: ['shop'], taken: [{ app: 'blog' }] });
  });
});

describe('a signed alert', () => {
  const text = JSON.stringify(plain);

  it('needs no token, and its key is for the eyes of the server alone', async () => {
    const { status } = await signed(text, signature(text, nowS() + 1));
    expect(status).toBe(202);
    expect(server.controller.asked[0]!.args[1]).toMatchObject({ by: 'signed webhook' });
    expect(statSync(join(server.directory, 'alerts.key')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['with another key', () => signature(text, nowS() + 1, 'guessed')],
    ['of another body', () => signature('{}', nowS() + 1)],
    ['of ten minutes ago', () => signature(text, nowS() - 600)],
    ['of the time before the server was started', () => signature(text, nowS() - 120)],
    ['of tomorrow', () => signature(text, nowS() + 86_400)],
    ['in another form', () => 'sha256=abc'],
    ['without an end', () => `t=1,v1=${'f'.repeat(10_000)}`],
  ])('%s is refused, and changes nothing', async (_what, header) => {
    const { status, text: answer } = await signed(text, header());
    expect({ status, code: messageOf(answer).code }).toEqual({ status: 401, code: 'bad-signature' });
    expect(server.controller.asked).toEqual([]);
  });

  it('that is sent again is refused', async () => {
    const header = signature(text, nowS() + 2);
    expect((await signed(text, header)).status).toBe(202);
    expect((await signed(text, header)).status).toBe(401);
    expect(server.controller.asked).toHaveLength(1);
  });
});

describe('a bad or hostile alert gets a clear answer, and changes nothing', () => {
  const nested = (levels: number) =>
    `{"app":"shop","reason":"x","more":${'['.repeat(levels)}${']'.repeat(levels)}}`;

  it.each([
    ['nothing', '', 400],
    ['no JSON', '{"app":', 400],
    ['a list', '[]', 400],
    ['neither form', {}, 400],
    ['no reason', { app: 'shop' }, 400],
    ['an app that is no name', { app: '../etc', reason: 'x' }, 400],
    ['an app with a control character', { app: 'shop\u001b[2J', reason: 'x' }, 400],
    ['an endless reason', { app: 'shop', reason: 'x'.repeat(501) }, 400],
    ['alerts that are none', { alerts: 'all' }, 400],
    ['an alert without a status', webhook({ labels: { app: 'shop' } }), 400],
    ['labels that are no text', webhook({ ...firing, labels: { app: { toString: 'shop' } } }), 400],
    ['a hundred and one alerts', webhook(...Array.from({ length: 101 }, () => firing)), 400],
    ['alerts that name no app', webhook({ ...firing, labels: { alertname: 'Up' } }), 422],
    ['too much', { ...plain, more: 'x'.repeat(70_000) }, 413],
    ['deep nesting', nested(17), 400],
    ['very deep nesting', nested(20_000), 400],
  ])('%s', async (_what, body, expected) => {
    const { status, text } = await post(body);
    expect({ status, text: text.slice(0, 300) }).toMatchObject({ status: expected });
    expect(messageOf(text).message).toMatch(/\S/);
    expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(server.controller.asked).toEqual([]);
  });

  it('but a bracket in a text is no nesting', async () => {
    expect((await post({ ...plain, reason: '['.repeat(300) })).status).toBe(202);
  });

  it.each([
    ['nobody', 401],
    ['viewer', 403],
  ] as const)('%s may not raise one', async (as, expected) => {
    expect((await post(plain, { as })).status).toBe(expected);
    expect(server.controller.asked).toEqual([]);
  });

  it('and what it is called by is made safe for terminals', async () => {
    await post({ ...plain, source: 'pager\u001b[31m\u202e' });
    expect(server.store.audits({ limit: 1 })[0]!.by).toBe('pager\\x1b[31m\\u202e (deployer)');
  });
});
