import { describe, expect, it } from 'vitest';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { compileRoutes, hostName, routeConflict } from './routes.ts';

const pool = (app: string, hosts: string[], paths: string[] = []) => ({
  definition: poolDefinition(app, { route: { hosts, paths } }),
});

describe('compileRoutes', () => {
  const table = compileRoutes([
    pool('any', []),
    pool('any-api', [], ['/api']),
    pool('shop', ['shop.test']),
    pool('shop-admin', ['shop.test'], ['/admin', '/admin/deep/']),
    pool('wild', ['*.shop.test']),
    pool('named', ['x.shop.test'], ['/only']),
  ]);
  const found = (host: string, path: string) => table.find(host, path)?.definition.app;

  it.each([
    ['shop.test', '/', 'shop'],
    ['SHOP.test.:8080', '/', 'shop'],
    ['shop.test', '/admin', 'shop-admin'],
    ['shop.test', '/admin?x', 'shop-admin'],
    ['shop.test', '/admin/deep/x', 'shop-admin'],
    ['shop.test', '/administration', 'shop'],
    // The longest path over all apps wins, whatever the host says more exactly.
    ['shop.test', '/api/x', 'any-api'],
    ['a.shop.test', '/', 'wild'],
    ['a.b.shop.test', '/', 'any'],
    // A host of its own for one path only does not hide what else matches.
    ['x.shop.test', '/only', 'named'],
    ['x.shop.test', '/', 'wild'],
    ['other.test', '/', 'any'],
    ['', '/', 'any'],
    ['127.0.0.1:8080', '/', 'any'],
    ['[::1]:8080', '/', 'any'],
  ])('finds for %s%s the app %s', (host, path, app) => {
    expect(found(host, path)).toBe(app);
  });

  it('finds nothing where nothing matches', () => {
    expect(compileRoutes([pool('shop', ['shop.test'])]).find('other.test', '/')).toBeUndefined();
  });
});

describe('routeConflict', () => {
  const held = [pool('shop', ['shop.test', '*.shop.test'], ['/', '/api']).definition];

  it('names the first route that another app holds, in whatever spelling', () => {
    const claim = pool('other', ['free.test', 'SHOP.TEST'], ['/api']).definition;
    expect(routeConflict(claim, held)).toEqual({ route: 'shop.test/api', holder: 'shop' });
  });

  it('sees none between an exact host and a wildcard that covers it, or between different paths', () => {
    expect(routeConflict(pool('other', ['a.shop.test']).definition, held)).toBeUndefined();
    expect(routeConflict(pool('other', ['shop.test'], ['/api/v2']).definition, held)).toBeUndefined();
  });
});

it.each([
  ['Example.org:80', 'example.org'],
  ['example.org.', 'example.org'],
  ['[::1]:80', '[::1]'],
  ['[::1]', '[::1]'],
  ['', ''],
])('hostName reads %s as %s', (header, name) => {
  expect(hostName(header)).toBe(name);
});
