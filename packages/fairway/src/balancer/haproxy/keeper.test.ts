import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { haproxyInstalled } from '../../../test/support/local-haproxy.ts';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { declare } from '../embedded/changes.ts';
import { emptyRegistry } from '../embedded/registry-state.ts';
import { ConfigurationInvalid, RegistryMoved } from './errors.ts';
import { KeeperLine } from './keeper-line.ts';
import { LocalNode } from './local-node.ts';
import { place } from './place.ts';
import { renderFiles, type StateFiles } from './render.ts';
import { emptyState } from './state.ts';

const files = renderFiles(place(emptyState, declare(poolDefinition('shop'))(emptyRegistry), (host) => host));

describe.skipIf(!haproxyInstalled)('fairway-balancer', () => {
  let folder: string;
  let keeper: KeeperLine;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairway-keeper-'));
    keeper = new KeeperLine(await LocalNode.prepare({ folder, bind: '127.0.0.1:1' }));
  });
  afterEach(async () => {
    keeper.close();
    await rm(folder, { recursive: true });
  });

  it('puts files in place, and gives them back', async () => {
    await keeper.install(files, undefined);
    expect(await keeper.read()).toEqual(files);
    expect(await readFile(join(folder, 'state/fairway.cfg'), 'utf8')).toBe(files['fairway.cfg']);
  });

  it('changes nothing for whoever read another registry', async () => {
    await keeper.install(files, undefined);
    await expect(keeper.install({ 'splits.map': 'shop 1\n' }, undefined)).rejects.toBeInstanceOf(
      RegistryMoved,
    );
    await expect(keeper.install({ 'splits.map': 'shop 1\n' }, '{}')).rejects.toBeInstanceOf(RegistryMoved);
    expect(await keeper.read()).toEqual(files);
    await keeper.install({ 'splits.map': 'shop 1\n' }, files['registry.json']);
    expect((await keeper.read())['splits.map']).toBe('shop 1\n');
  });

  it('keeps the old configuration when HAProxy does not accept the new one, and says why', async () => {
    await keeper.install(files, undefined);
    const broken = files['fairway.cfg'].replaceAll(
      'balance leastconn',
      'timeout server 1ms\n  balance roundrobin',
    );
    const wrong = broken.replace('track shop/s1 backup', 'track shop/s99 backup');
    const installing = keeper.install({ ...files, 'fairway.cfg': wrong }, files['registry.json']);
    await expect(installing).rejects.toBeInstanceOf(ConfigurationInvalid);
    await expect(installing).rejects.toThrow(/s99/);
    expect(await keeper.read()).toEqual(files);
  });

  /** What somebody might try who may run it, but is not to become root by it. */
  const after = (line: string) => `${files['fairway.cfg']}\n${line}\n`;
  it.each<[string, Partial<StateFiles> | Record<string, string>]>([
    ['another file', { '../../etc/cron.d/x': 'x' }],
    ['a user', { 'fairway.cfg': after('global\n  user root') }],
    ['a program', { 'fairway.cfg': after('program x\n  command /bin/sh') }],
    ['Lua', { 'fairway.cfg': after('  lua-load /tmp/x.lua') }],
    ['a check by a program', { 'fairway.cfg': after('  option external-check') }],
    [
      'a file as an answer',
      { 'fairway.cfg': after('  http-request return status 200 content-type text/plain file /etc/shadow') },
    ],
    ['a file as an error', { 'fairway.cfg': after('  errorfile 503 /etc/shadow') }],
    ['a file as a map', { 'fairway.cfg': after('  http-request set-header x "%[path,map(/etc/shadow)]"') }],
    ['a file as a pattern', { 'fairway.cfg': after('  acl x src -f /etc/shadow') }],
    ['a file as a late pattern', { 'fairway.cfg': after('  use_backend x if { src -M -f /etc/shadow }') }],
    ['another log', { 'fairway.cfg': after('  log /dev/log local0') }],
    ['another address', { 'fairway.cfg': after('  bind :22') }],
    ['another server', { 'fairway.cfg': after('  server s1 169.254.169.254:80') }],
    ['a variable', { 'fairway.cfg': after('  http-request set-header x "%[env(SECRET)]"') }],
    ['a variable in quotes', { 'fairway.cfg': after('  http-request set-header x "$SECRET"') }],
    [
      'a variable in a check',
      { 'fairway.cfg': after('  http-check send meth GET uri "/" ver HTTP/1.1 hdr "a" "\\\\$SECRET"') },
    ],
    [
      'an expression in a check',
      { 'fairway.cfg': after('  http-check send meth GET uri "/" ver HTTP/1.1 hdr "a" "%[env(SECRET)]"') },
    ],
    ['a map that is none', { 'hosts.map': 'a b\nc\td\n' }],
    ['a registry that is none', { 'registry.json': 'x' }],
  ])('refuses %s', async (_what, hostile) => {
    await expect(keeper.install({ ...files, ...hostile } as StateFiles, undefined)).rejects.toThrow(
      /refused/,
    );
    expect(Object.keys(await keeper.read())).toEqual(['fairway.cfg']);
  });
});
