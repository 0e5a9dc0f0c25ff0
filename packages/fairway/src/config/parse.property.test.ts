import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseProduction } from './parse.ts';
import { ConfigProblems } from './problem.ts';
import type { Production } from './production.ts';
import { fairwayJsonSchema, type JsonSchema } from './schema/json-schema.ts';
import { durationMs, formatDuration, formatSize, sizeBytes } from './units.ts';

const VALID = `name: shop
hosts:
  data1: { address: 10.0.0.1 }
  box[1-3]: { address: "127.0.0.[1-3]" }
apps:
  web: &web
    runtime: { type: node, version: 22 }
    start: node server.js --port \${PORT}
    instances: box[1-3]
    health: { path: /health, timeout: 2s, interval: 100ms }
    route: { hosts: [www.example.org], max_body: 5mb }
    env: { DB: "\${hosts.data1.address}", N: 1.10 }
    deploy: { max_unavailable: 1, surge: 50%, hooks: { before_deploy: [node, migrate.js] } }
  api:
    <<: *web
    route: { hosts: [api.example.org] }
`;

/** The production, or undefined; anything else that is thrown is a bug. */
function parse(text: string): Production | undefined {
  try {
    return parseProduction(text, 'fairway.yml');
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    const lines = text.split('\n').length;
    for (const problem of error.problems) {
      expect(problem.line).toBeGreaterThanOrEqual(1);
      expect(problem.line).toBeLessThanOrEqual(lines + 1);
      expect(problem.message).not.toBe('');
    }
    return undefined;
  }
}

/** All keys of the schema, so that random documents get past the outermost sections. */
function keysIn(schema: JsonSchema): readonly string[] {
  const { properties = {}, anyOf = [], additionalProperties } = schema;
  const inner = typeof additionalProperties === 'object' ? [additionalProperties] : [];
  return [...Object.keys(properties), ...[...Object.values(properties), ...anyOf, ...inner].flatMap(keysIn)];
}

const scalar = fc.oneof(
  fc.constantFrom(
    'node',
    '1s',
    '20mb',
    '/',
    'web',
    'box[1-3]',
    'box[',
    '${hosts.a.address}',
    '${',
    '$${x}',
    'a && b',
  ),
  fc.constantFrom(
    '100%',
    'all',
    '127.0.0.1:80',
    '20000-29999',
    'rolling',
    '__proto__',
    'constructor',
    '"',
    "'",
  ),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...keysIn(fairwayJsonSchema()), 'a', 'b', '__proto__', 'toString'),
  },
  { weight: 1, arbitrary: fc.string() },
);
const { document } = fc.letrec((tie) => ({
  section: fc.array(fc.tuple(key, tie('document')), { maxLength: 6 }).map((pairs) => new Map(pairs as never)),
  list: fc.array(tie('document'), { maxLength: 3 }),
  document: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, scalar, tie('section'), tie('list')),
}));
const production = fc
  .record({ hosts: document, ports: document, app: fc.array(fc.tuple(key, document), { maxLength: 8 }) })
  .map(({ hosts, ports, app }) => ({
    hosts,
    ports,
    apps: { web: new Map<unknown, unknown>([['runtime', 'node'], ...app]) },
  }));

test('any text is a production or a list of problems', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
      parse(text);
    }),
    { numRuns: 300 },
  );
});

test('any YAML of known keys and unlikely values is a production or a list of problems', () => {
  fc.assert(
    fc.property(fc.oneof(document, production), (value) => {
      parse(stringify(value, { aliasDuplicateObjects: false }));
    }),
    { numRuns: 400 },
  );
});

test('a good file that was damaged anywhere is a production or a list of problems', () => {
  const damage = fc.tuple(
    fc.nat(VALID.length),
    fc.nat(12),
    fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom('\t', '&a ', '*web', '<<: ', '[', '{', '!!', '"', '\n', '- ', ': '),
    ),
  );
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      let text = VALID;
      for (const [at, length, inserted] of damages)
        text = text.slice(0, at) + inserted + text.slice(at + length);
      parse(text);
    }),
    { numRuns: 400 },
  );
});

test('the file that the others damage is a good one', () => {
  expect(parse(VALID)?.apps.map((app) => app.name)).toEqual(['web', 'api']);
});

test('what is written is what is read, in whatever style of YAML', () => {
  const name = fc.stringMatching(/^x[a-z0-9]{0,20}$/);
  const milliseconds = fc.integer({ min: 1000, max: 3_600_000 });
  const app = fc.record({
    instances: fc.integer({ min: 2, max: 20 }),
    timeoutMs: milliseconds,
    startTimeoutMs: fc.integer({ min: 5000, max: 3_600_000 }),
    bytes: fc.integer({ min: 1024, max: 2 ** 31 }),
    surge: fc.integer({ min: 0, max: 2 }),
    start: fc.array(
      fc.string({ minLength: 1 }).filter((word) => word.trim() !== '' && !/[\0$]/.test(word)),
      { minLength: 1 },
    ),
    env: fc.dictionary(
      fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/).filter((variable) => variable !== 'PORT'),
      fc.string(),
    ),
  });
  fc.assert(
    fc.property(fc.dictionary(name, app, { maxKeys: 4 }), fc.constantFrom('BLOCK', 'FLOW'), (apps, style) => {
      const sections = Object.entries(apps).map(([appName, one]) => [
        appName,
        {
          runtime: 'node',
          instances: one.instances,
          start: one.start,
          env: Object.fromEntries(
            Object.entries(one.env).map(([variable, value]) => [
              variable,
              value.replaceAll('\0', '').replaceAll('${', '$$${'),
            ]),
          ),
          health: {
            timeout: formatDuration(one.timeoutMs),
            start_timeout: formatDuration(one.startTimeoutMs),
          },
          route: { hosts: [`${appName}.example.org`], max_body: formatSize(one.bytes) },
          deploy: { surge: one.surge },
        },
      ]);
      const text = stringify(
        { apps: Object.fromEntries(sections) },
        { collectionStyle: style === 'FLOW' ? 'flow' : 'any' },
      );
      const read = parseProduction(text, 'fairway.yml').apps;
      expect(read.map((one) => one.name)).toEqual(sections.map(([appName]) => appName));
      for (const one of read) {
        const written = apps[one.name]!;
        expect(one.instances).toHaveLength(written.instances);
        expect(one.health).toMatchObject({
          timeoutMs: written.timeoutMs,
          startTimeoutMs: written.startTimeoutMs,
        });
        expect(one.route.maxBodyBytes).toBe(written.bytes);
        expect(one.deploy.surge).toBe(written.surge);
        expect(one.start).toEqual(written.start);
        for (const [variable, value] of Object.entries(written.env)) {
          expect(one.env[variable]).toBe(value.replaceAll('\0', ''));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('durations and sizes are written so that they read back', () => {
  fc.assert(
    fc.property(fc.nat(10 ** 9), (amount) => {
      expect(durationMs(formatDuration(amount))).toBe(amount);
      expect(sizeBytes(formatSize(amount))).toBe(amount);
    }),
  );
});
