import { describe, expect, test } from 'vitest';
import { parseProduction } from './parse.ts';
import { ConfigProblems } from './problem.ts';

const parse = (text: string) => parseProduction(text, '/srv/production/fairway.yml');
const app = (lines: string) =>
  parse(`apps:\n  web:\n    runtime: node\n${lines.replaceAll(/^/gm, '    ')}\n`).apps[0]!;

describe('a fairway.yml that says the least', () => {
  test('gets every default', () => {
    expect(parse('apps: { web: { runtime: node } }')).toEqual({
      name: 'production',
      provider: 'local',
      file: '/srv/production/fairway.yml',
      control: { listen: { address: '127.0.0.1', port: 7480 } },
      balancer: { type: 'embedded', listen: { address: '127.0.0.1', port: 8080 } },
      ports: { from: 20_000, to: 29_999 },
      hosts: [{ name: 'local', address: '127.0.0.1', isCreated: false, roles: [], ssh: { user: 'fairway' } }],
      provision: {
        user: 'root',
        become: false,
        rolesPath: '/srv/production/roles',
        before: [],
        after: [],
      },
      lab: {},
      apps: [
        {
          name: 'web',
          directory: '.',
          runtime: { type: 'node' },
          buildTimeoutMs: 900_000,
          portEnv: 'PORT',
          instances: [
            { name: '1', host: 'local' },
            { name: '2', host: 'local' },
          ],
          health: {
            path: '/',
            timeoutMs: 2000,
            intervalMs: 1000,
            rise: 2,
            fall: 3,
            status: { from: 200, to: 399 },
            headers: {},
            startTimeoutMs: 60_000,
          },
          route: {
            hosts: [],
            paths: ['/'],
            maxBodyBytes: 20 * 1024 * 1024,
            maxHeaderBytes: 16 * 1024,
            algorithm: 'least-connections',
            connectTimeoutMs: 2000,
            firstByteTimeoutMs: 60_000,
            idleTimeoutMs: 60_000,
          },
          env: {},
          secrets: [],
          limits: {},
          logs: { maxBytes: 10 * 1024 * 1024, keep: 5 },
          deploy: {
            branch: 'production',
            strategy: 'rolling',
            maxUnavailable: 1,
            surge: 0,
            soakMs: 0,
            drainTimeoutMs: 30_000,
            stopTimeoutMs: 10_000,
            stallTimeoutMs: 600_000,
            keep: 5,
            hooks: {},
          },
        },
      ],
    });
  });

  test('may have no app at all, so that the last one can be taken out', () => {
    expect(parse('apps: {}').apps).toEqual([]);
  });
});

describe('pace', () => {
  const pace = (lines: string) => {
    const { maxUnavailable, surge } = app(lines).deploy;
    return [maxUnavailable, surge];
  };

  test('keeps an app of one instance up by booting the next release beside it', () => {
    expect(pace('instances: 1')).toEqual([0, 1]);
  });

  test('lets the only instance be replaced in place where that is said', () => {
    expect(pace('instances: 1\ndeploy: { max_unavailable: 1 }')).toEqual([1, 0]);
  });

  test('rounds percentages: away down, beside up, and one away at least when none is beside', () => {
    expect(pace('instances: 5\ndeploy: { max_unavailable: 50%, surge: 50% }')).toEqual([2, 3]);
    expect(pace('instances: 5\ndeploy: { max_unavailable: 10% }')).toEqual([1, 0]);
    expect(pace('instances: 5\ndeploy: { max_unavailable: 10%, surge: 1 }')).toEqual([0, 1]);
  });

  test('boots all beside, or one where none may be away', () => {
    expect(pace('instances: 4\ndeploy: { surge: all }')).toEqual([1, 4]);
    expect(pace('instances: 4\ndeploy: { max_unavailable: 0 }')).toEqual([0, 1]);
  });

  test('waits longer before it calls a rollout stalled where one step may take long', () => {
    expect(app('health: { start_timeout: 15m }').deploy.stallTimeoutMs).toBe(30 * 60_000);
  });
});

describe('values', () => {
  test('of env stay as they are written', () => {
    const text = 'env: { A: 1.10, B: 007, C: true, D: "x", E: 1e3, F: yes, G: "${hosts.local.address}:1" }';
    expect(app(text).env).toEqual({
      A: '1.10',
      B: '007',
      C: 'true',
      D: 'x',
      E: '1e3',
      F: 'yes',
      G: '127.0.0.1:1',
    });
  });

  test('of a version stay as they are written', () => {
    const { apps } = parse('apps: { web: { runtime: { type: node, version: 22.10 } } }');
    expect(apps[0]!.runtime).toEqual({ type: 'node', version: '22.10' });
  });

  test('may be shared by anchors and merge keys', () => {
    const { apps } = parse(`apps:
  one: &base { runtime: node, instances: 3, route: { hosts: [one.org] } }
  two: { <<: *base, route: { hosts: [two.org] } }
`);
    expect(apps[1]).toMatchObject({ name: 'two', instances: { length: 3 }, route: { hosts: ['two.org'] } });
  });

  test('are brought to one form', () => {
    expect(app('directory: ./server//site/').directory).toBe('server/site');
    expect(app('route: { hosts: [WWW.Example.org], paths: [/api/] }').route).toMatchObject({
      hosts: ['www.example.org'],
      paths: ['/api'],
    });
    expect(app('repository: ../shop').repository).toBe('/srv/shop');
    expect(app('repository: git@example.org:shop.git').repository).toBe('git@example.org:shop.git');
    expect(app('health: { status: 204 }').health.status).toEqual({ from: 204, to: 204 });
  });

  test('of addresses may be IPv6, a port alone, or any free port', () => {
    const listen = (written: string) => parse(`balancer: { listen: "${written}" }\napps: {}`).balancer.listen;
    expect(listen('[::1]:81')).toEqual({ address: '::1', port: 81 });
    expect(listen('81')).toEqual({ address: '127.0.0.1', port: 81 });
    expect(listen('localhost:0')).toEqual({ address: '127.0.0.1', port: 0 });
  });
});

test('the control server and the balancer may both take any free port', () => {
  const { control, balancer } = parse('control: { listen: 0 }\nbalancer: { listen: 0 }\napps: {}');
  expect([control.listen.port, balancer.listen.port]).toEqual([0, 0]);
});

test('a section that lacks what it must have does not hide what is wrong in the others', () => {
  const text =
    'hosts: { data1: {}, local: { address: 10.0.0.1 } }\napps: { web: { runtime: {}, env: { PORT: 1 } } }';
  expect(problemsOf(text).map((problem) => problem.path)).toEqual([
    'hosts.data1.address',
    'hosts.local',
    'apps.web.runtime.type',
    'apps.web.env.PORT',
  ]);
});

describe('hosts', () => {
  const text = `hosts:
  box[08-10]: { address: "127.0.0.[8-10]" }
  data1: { address: db.example.org }
apps:
  web:
    runtime: node
    instances: box[08-09]
    env: { DB: "mongodb://\${hosts.data1.address}/$\${raw}" }
    start: node server.js --db \${hosts.data1.address} --port \${PORT}
`;

  test('are written as ranges, each with its address', () => {
    expect(parse(text).hosts.map(({ name, address }) => `${name} ${address}`)).toEqual([
      'local 127.0.0.1',
      'box08 127.0.0.8',
      'box09 127.0.0.9',
      'box10 127.0.0.10',
      'data1 db.example.org',
    ]);
  });

  test('give instances their names; one with an address of this machine is this machine', () => {
    expect(parse(text).apps[0]!.instances).toEqual([
      { name: 'box08', host: 'local' },
      { name: 'box09', host: 'local' },
    ]);
  });

  test('are referred to in any text, while variables of a command wait for the launch', () => {
    const { env, start } = parse(text).apps[0]!;
    expect(env).toEqual({ DB: 'mongodb://db.example.org/${raw}' });
    expect(start).toEqual(['node', 'server.js', '--db', 'db.example.org', '--port', '${PORT}']);
  });

  test('do not stand in the way of a script for a shell', () => {
    expect(
      app('start: [sh, -c, "for f in *; do echo ${f}; done; exec ./run ${PORT:-1}"]').start?.[2],
    ).toContain('echo ${f}; done; exec ./run ${PORT:-1}');
  });
});

test('all problems are named at once, in the order of the file', () => {
  const text = `provider: docker
hosts: { data1: { address: 10.0.0.1 } }
name: My Shop
balancer: { listen: 7480 }
apps:
  web: { runtime: noode, env: { PORT: 1, DB: "\${hosts.dat1.address}" }, deploy: { surge: 9 } }
  web: { heath: { path: / } }
  shop: { runtime: command, instances: 0 }
`;
  expect(() => parse(text)).toThrow(ConfigProblems);
  const lines = problemsOf(text).map((problem) => `${problem.line} ${problem.path}`);
  expect(lines).toEqual([
    '1 provider',
    '3 name',
    '4 balancer.listen',
    '6 apps.web.runtime',
    '6 apps.web.env.PORT',
    '6 apps.web.env.DB',
    '6 apps.web.deploy.surge',
    '7 ',
    '8 apps.shop.start',
    '8 apps.shop.route.paths[0]',
    '8 apps.shop.instances',
  ]);
});

test('text of the file cannot write to the terminal of its reader', () => {
  const message = problemsOf('name: "\\e[31m\\u202Ex\\x9b"\napps: {}').map((problem) => problem.message);
  expect(message.join()).toContain('found "\\u001b[31m\\u202ex\\u009b"');
});

test('aliases that multiply are refused before they fill the memory', () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const inner = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array(12).fill(inner).join(', ')}]`;
  });
  expect(problemsOf(levels.join('\n'))[0]!.message).toBe(
    'found more than 20000 values once its aliases are followed, expected fewer',
  );
});

test('values that are nested without end are refused', () => {
  for (const text of [
    '['.repeat(50_000),
    `${'- '.repeat(5000)}a`,
    `apps: ${'['.repeat(60)}${']'.repeat(60)}`,
  ]) {
    expect(problemsOf(text)[0]!.message).toBe('found values nested more than 40 deep, expected a few levels');
  }
});

function problemsOf(text: string) {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems;
    throw error;
  }
  return [];
}
