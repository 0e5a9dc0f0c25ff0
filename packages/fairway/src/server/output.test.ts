import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';
import { Refusal } from '../runner/controller.ts';

describe('output line by line', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.dispose());

  const slot = { app: 'shop', instance: '1', slot: 'a' } as const;
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  /** Reads as it comes, until `enough`, then goes away. */
  const read = async (method: string, path: string, enough: (text: string) => boolean, body?: unknown) => {
    const client = new AbortController();
    const response = await fetch(server.running.url + path, {
      method,
      headers: { authorization: 'Bearer secret-of-admin', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: client.signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      if (enough(text)) break;
    }
    client.abort();
    return text;
  };
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });

  it('of logs says which slot each line is from, and keeps lines of strangers in one line each', async () => {
    server.controller.logLines = [
      { slot, text: 'listening' },
      { slot, text: 'a\nb\u001b[31m"' },
    ];
    const answer = await server.ask('GET', '/api/apps/shop/logs?lines=5&instance=1');
    expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(lines(answer.text)).toEqual(server.controller.logLines);
    expect(server.controller.asked.at(-1)).toEqual({
      method: 'logs',
      args: ['shop', { lines: 5, follow: false, instance: '1' }],
    });
  });

  it('of logs goes on until the client goes away', async () => {
    server.controller.logLines = [{ slot, text: 'one' }];
    await read('GET', '/api/apps/shop/logs?follow=true', (text) => text.includes('one'));
    await untilAborted(server.controller.signals.at(-1)!);
  });

  it('of logs of an app that is not there is refused with a status', async () => {
    server.controller.refusal = new Refusal(404, 'unknown-app', 'There is no app shup', 'Did you mean shop?');
    expect(await server.problem('GET', '/api/apps/shup/logs')).toMatchObject({
      status: 404,
      code: 'unknown-app',
      hint: 'Did you mean shop?',
    });
  });

  it('of logs ends with the reason when it breaks off', async () => {
    server.controller.logLines = [{ slot, text: 'one' }];
    server.controller.logFailure = new Refusal(503, 'host-unreachable', 'host web2 does not answer');
    const answer = await server.ask('GET', '/api/apps/shop/logs');
    expect(lines(answer.text)).toMatchObject([
      { slot, text: 'one' },
      { error: { code: 'host-unreachable', message: 'host web2 does not answer' } },
    ]);
  });

  it('of a command ends with its exit code, and is audited', async () => {
    server.controller.output = ['migrating', ''];
    server.controller.exit = Promise.resolve(3);
    const answer = await server.ask('POST', '/api/apps/shop/run', {
      body: { command: ['npm', 'run', 'migrate'] },
    });
    expect(lines(answer.text)).toEqual([{ line: 'migrating' }, { line: '' }, { exitCode: 3 }]);
    expect(server.store.audits({ limit: 1 })[0]).toMatchObject({
      by: 'admin',
      action: 'run',
      subject: 'shop: ["npm","run","migrate"]',
    });
  });

  it('of a command that could not be waited for ends with the reason', async () => {
    const exit = Promise.reject(new Refusal(503, 'host-unreachable', 'the supervisor went away'));
    exit.catch(() => {});
    server.controller.exit = exit;
    const answer = await server.ask('POST', '/api/apps/shop/run', { body: { command: ['true'] } });
    expect(lines(answer.text)).toMatchObject([{ error: { message: 'the supervisor went away' } }]);
  });

  it('of a command tells the controller when nobody reads it any more', async () => {
    server.controller.output = ['working'];
    server.controller.exit = new Promise(() => {});
    await read('POST', '/api/apps/shop/run', (text) => text.includes('working'), { command: ['sleep'] });
    await untilAborted(server.controller.signals.at(-1)!);
  });

  it('of a command that is refused was not started, and is not audited', async () => {
    server.controller.refusal = new Refusal(409, 'nothing-runs', 'shop has no release yet');
    expect(await server.problem('POST', '/api/apps/shop/run', { body: { command: ['true'] } })).toMatchObject(
      {
        status: 409,
        message: 'shop has no release yet',
      },
    );
    expect(server.store.audits({ limit: 1 })).toEqual([]);
  });
});
