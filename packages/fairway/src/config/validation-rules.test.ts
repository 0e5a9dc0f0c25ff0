import { describe, expect, test } from 'vitest';
import { parseProduction } from './parse.ts';
import { ConfigProblems } from './problem.ts';

// One case for each rule: what stands in the file, and exactly what a person reads.

type Case = readonly [written: string, message: string];

const inApp = (line: string) => `apps:\n  web:\n    runtime: node\n    ${line}\n`;
const inFile = (line: string) => `${line}\napps: {}\n`;
const asIs = (text: string) => text;

function messageFor(text: string): string {
  try {
    parseProduction(text, 'fairway.yml');
  } catch (error) {
    if (error instanceof ConfigProblems) return error.message;
    throw error;
  }
  return 'no problem';
}

function table(title: string, around: (written: string) => string, cases: readonly Case[]): void {
  describe(title, () => {
    test.each(cases)('%j', (written, message) => {
      expect(messageFor(around(written))).toBe(`fairway.yml:${message}`);
    });
  });
}

table('What a value of an app must be', inApp, [
  [
    'health: { timeout: 2 }',
    '4:24: apps.web.health.timeout: found 2, expected a duration from 10ms to 24h, such as 500ms, 2s or 5m. Did you mean "2s"?',
  ],
  [
    'health: { timeout: 2 s }',
    '4:24: apps.web.health.timeout: found "2 s", expected a duration from 10ms to 24h, such as 500ms, 2s or 5m',
  ],
  [
    'health: { interval: 49ms }',
    '4:25: apps.web.health.interval: found "49ms", expected a duration from 50ms to 24h',
  ],
  ['deploy: { soak: 25h }', '4:21: apps.web.deploy.soak: found "25h", expected a duration from 0s to 24h'],
  ['build_timeout: 0s', '4:20: apps.web.build_timeout: found "0s", expected a duration from 1s to 24h'],
  [
    'deploy: { drain_timeout: -1s }',
    '4:30: apps.web.deploy.drain_timeout: found "-1s", expected a duration from 0s to 24h, such as 500ms, 2s or 5m',
  ],
  [
    'route: { max_body: 20 }',
    '4:24: apps.web.route.max_body: found 20, expected a size from 1kb to 1024gb, such as 64kb, 20mb or 1gb. Did you mean "20mb"?',
  ],
  [
    'route: { max_body: 20MiB }',
    '4:24: apps.web.route.max_body: found "20MiB", expected a size from 1kb to 1024gb, such as 64kb, 20mb or 1gb',
  ],
  [
    'route: { max_header: 2mb }',
    '4:26: apps.web.route.max_header: found "2mb", expected a size from 1kb to 1mb',
  ],
  [
    'limits: { memory: 1mb }',
    '4:23: apps.web.limits.memory: found "1mb", expected a size from 16mb to 1024gb',
  ],
  ['logs: { max_size: 1kb }', '4:23: apps.web.logs.max_size: found "1kb", expected a size from 64kb to 10gb'],
  ['logs: { keep: 0 }', '4:19: apps.web.logs.keep: found 0, expected a whole number from 1 to 100'],
  ['health: { rise: 0 }', '4:21: apps.web.health.rise: found 0, expected a whole number from 1 to 100'],
  ['health: { fall: 1.5 }', '4:21: apps.web.health.fall: found 1.5, expected a whole number from 1 to 100'],
  [
    'health: { status: 600 }',
    '4:23: apps.web.health.status: found 600, expected a status code or a range of them, such as 200-399',
  ],
  [
    'health: { status: 399-200 }',
    '4:23: apps.web.health.status: found "399-200", expected a status code or a range of them, such as 200-399',
  ],
  [
    'health: { path: health }',
    '4:21: apps.web.health.path: found "health", expected a path that begins with /, such as /health',
  ],
  [
    'health: { path: /a b }',
    '4:21: apps.web.health.path: found "/a b", expected a path that begins with /, such as /health',
  ],
  [
    'health: { headers: { "a b": x } }',
    '4:26: apps.web.health.headers."a b": found "a b", expected a header name',
  ],
  [
    'health: { headers: { host: "a\\nb" } }',
    '4:32: apps.web.health.headers.host: found "a\\nb", expected text on one line',
  ],
  ['health: { headers: { host: 1 } }', '4:32: apps.web.health.headers.host: found 1, expected text'],
  ['health: 3', '4:13: apps.web.health: found 3, expected keys and values'],
  [
    'directory: /srv/app',
    '4:16: apps.web.directory: found "/srv/app", expected a folder within the repository, such as server/site: no absolute path and no ".."',
  ],
  [
    'directory: a/../../b',
    '4:16: apps.web.directory: found "a/../../b", expected a folder within the repository, such as server/site: no absolute path and no ".."',
  ],
  [
    "directory: ''",
    '4:16: apps.web.directory: found "", expected a folder within the repository, such as server/site',
  ],
  ['port_env: A-B', '4:15: apps.web.port_env: found "A-B", expected the name of an environment variable'],
  ['env: { A-B: x }', '4:12: apps.web.env.A-B: found "A-B", expected the name of an environment variable'],
  ['env: { A: [x] }', '4:15: apps.web.env.A: found a list, expected text, a number, true or false'],
  ['env: { A: }', '4:15: apps.web.env.A: found nothing, expected text, a number, true or false'],
  ['env: [A]', '4:10: apps.web.env: found a list, expected keys and values'],
  ['env: { A: "x\\0" }', '4:15: apps.web.env.A: found "x\\u0000", expected text without NUL'],
  [
    'env: { FAIRWAY_APP: x }',
    '4:12: apps.web.env.FAIRWAY_APP: found a variable that Fairway sets itself, expected another name',
  ],
  [
    'route: { hosts: ["www.example.org:80"] }',
    '4:22: apps.web.route.hosts[0]: found "www.example.org:80", expected a host name without port, such as www.example.org or *.example.org',
  ],
  [
    'route: { hosts: [a_b] }',
    '4:22: apps.web.route.hosts[0]: found "a_b", expected a host name without port, such as www.example.org or *.example.org',
  ],
  [
    'route: { hosts: www.example.org }',
    '4:21: apps.web.route.hosts: found "www.example.org", expected a list of host names',
  ],
  [
    'route: { paths: [api] }',
    '4:22: apps.web.route.paths[0]: found "api", expected a path that begins with /, such as /api',
  ],
  [
    'route: { paths: [/a/../b] }',
    '4:22: apps.web.route.paths[0]: found "/a/../b", expected a plain path, such as /api: no query, pattern, space, %, // or ..',
  ],
  [
    'route: { paths: ["/a?b"] }',
    '4:22: apps.web.route.paths[0]: found "/a?b", expected a plain path, such as /api: no query, pattern, space, %, // or ..',
  ],
  ['route: { paths: [] }', '4:21: apps.web.route.paths: found an empty list, expected at least one path'],
  [
    'route: { algorithm: random }',
    '4:25: apps.web.route.algorithm: found "random", expected least-connections or round-robin',
  ],
  [
    'deploy: { branch: a..b }',
    '4:23: apps.web.deploy.branch: found "a..b", expected the name of a git branch, such as production',
  ],
  [
    "deploy: { branch: 'my branch' }",
    '4:23: apps.web.deploy.branch: found "my branch", expected the name of a git branch, such as production',
  ],
  [
    'deploy: { strategy: roling }',
    '4:25: apps.web.deploy.strategy: found "roling", expected rolling or canary. Did you mean "rolling"?',
  ],
  ['deploy: { keep: 1 }', '4:21: apps.web.deploy.keep: found 1, expected a whole number from 2 to 100'],
  [
    'deploy: { max_unavailable: -1 }',
    '4:32: apps.web.deploy.max_unavailable: found -1, expected a number or a percentage',
  ],
  [
    'deploy: { max_unavailable: all }',
    '4:32: apps.web.deploy.max_unavailable: found "all", expected a number or a percentage',
  ],
  [
    'deploy: { surge: 101% }',
    '4:22: apps.web.deploy.surge: found "101%", expected a number, a percentage or all',
  ],
  [
    'deploy: { surge: most }',
    '4:22: apps.web.deploy.surge: found "most", expected a number, a percentage or all',
  ],
  [
    'repository: --upload-pack=x',
    '4:17: apps.web.repository: found "--upload-pack=x", expected a git URL (https://…, ssh://…, git@host:path) or a path',
  ],
  [
    'repository: ext::sh',
    '4:17: apps.web.repository: found "ext::sh", expected a git URL (https://…, ssh://…, git@host:path) or a path',
  ],
  [
    'repository: https://me:hidden@example.org/x.git',
    '4:17: apps.web.repository: found credentials in a URL, expected a URL without them. Let a git credential helper or an SSH key hold them.',
  ],
  [
    "repository: 'ftp://example.org/x'",
    '4:17: apps.web.repository: found "ftp://example.org/x", expected a git URL (https://…, ssh://…, git@host:path) or a path',
  ],
  [
    "repository: 'https://'",
    '4:17: apps.web.repository: found "https://", expected a git URL (https://…, ssh://…, git@host:path) or a path',
  ],
  [
    'instances: 0',
    '4:16: apps.web.instances: found 0, expected from 1 to 1000 instances. To take an app out of production, remove it from the file.',
  ],
  ['instances: 1001', '4:16: apps.web.instances: found 1001, expected from 1 to 1000 instances'],
  [
    'instances: many',
    '4:16: apps.web.instances: found "many", expected a number or names under hosts (there is no "many")',
  ],
  [
    'instances: box[3-1]',
    '4:16: apps.web.instances: found "box[3-1]", expected a range that goes up, such as [1-3]',
  ],
  [
    'instances: box[1-2]x[1-2]',
    '4:16: apps.web.instances: found "box[1-2]x[1-2]", expected one range of whole numbers, such as box[1-3]',
  ],
  ['instances: []', '4:16: apps.web.instances: found an empty list, expected at least one instance'],
  [
    'instances: 1.5',
    '4:16: apps.web.instances: found 1.5, expected a number of instances, or host names such as box[1-3]',
  ],
  [
    'instances: true',
    '4:16: apps.web.instances: found true, expected a number of instances, or host names such as box[1-3]',
  ],
  [
    'instances: local, local',
    '4:16: apps.web.instances: found "local, local", expected a number or names under hosts (there is no "local, local")',
  ],
  [
    'instances: [local, local]',
    '4:24: apps.web.instances[1]: found "local", expected each host once (local is named before)',
  ],
  [
    'instances: [locl]',
    '4:17: apps.web.instances[0]: found "locl", expected a number or names under hosts (there is no "locl"). Did you mean "local"?',
  ],
]);

table('What a command must be, as it is run without a shell', inApp, [
  [
    'start: npm ci && npm start',
    '4:12: apps.web.start: found "npm ci && npm start", expected one program and its arguments: it is run without a shell, so "&&" would mean nothing. Write ["sh", "-c", …] where you want a shell.',
  ],
  [
    'start: node server.js > log',
    '4:12: apps.web.start: found "node server.js > log", expected one program and its arguments: it is run without a shell, so ">" would mean nothing. Write ["sh", "-c", …] where you want a shell.',
  ],
  [
    'start: node a; node b',
    '4:12: apps.web.start: found "node a; node b", expected one program and its arguments: it is run without a shell, so ";" would mean nothing. Write ["sh", "-c", …] where you want a shell.',
  ],
  [
    'start: node $(cat x)',
    '4:12: apps.web.start: found "node $(cat x)", expected one program and its arguments: it is run without a shell, so "$(" would mean nothing. Write ["sh", "-c", …] where you want a shell.',
  ],
  [
    'start: node server.js &',
    '4:12: apps.web.start: found "node server.js &", expected one program and its arguments: it is run without a shell, so "&" would mean nothing. Write ["sh", "-c", …] where you want a shell.',
  ],
  [
    'start: "node \'server.js"',
    '4:12: apps.web.start: found "node \'server.js", expected a command whose quotes are closed. Write a list to be exact.',
  ],
  [
    'start: node server.js $PORT',
    '4:12: apps.web.start: found "node server.js $PORT", expected no shell variable: it is run without a shell, so "$PORT" would stay as it is. Write ${PORT}.',
  ],
  [
    'start: MODE=a node server.js',
    '4:12: apps.web.start: found "MODE=a node server.js", expected the program first: it is run without a shell. Put MODE under env.',
  ],
  [
    'start: cd site',
    '4:12: apps.web.start: found "cd site", expected a program: it is run without a shell. Use the key directory.',
  ],
  [
    "start: ''",
    '4:12: apps.web.start: found "", expected a command, such as node server.js, or a list of its words',
  ],
  [
    'start: []',
    '4:12: apps.web.start: found an empty list, expected a command, such as node server.js, or a list of its words',
  ],
  [
    'start: [""]',
    '4:12: apps.web.start: found a list, expected a command, such as node server.js, or a list of its words',
  ],
  ['start: [node, 1]', '4:19: apps.web.start[1]: found 1, expected text'],
  [
    'start: 1',
    '4:12: apps.web.start: found 1, expected a command, such as node server.js, or a list of its words',
  ],
  [
    'start: { a: 1 }',
    '4:12: apps.web.start: found keys and values, expected a command, such as node server.js, or a list of its words',
  ],
  [
    'start: node server.js ${PROT}',
    '4:12: apps.web.start: found "${PROT}", expected a variable that the instance has: PORT, HOST, FAIRWAY_INSTANCE, HOME, LANG, PATH, FAIRWAY_APP, FAIRWAY_COMMIT or FAIRWAY_RELEASE. Write "$${PROT}" for the text itself.',
  ],
  [
    'start: node server.js ${hosts.data1.address}',
    '4:12: apps.web.start: found "${hosts.data1.address}", but there is no host data1; expected local',
  ],
  [
    'build: make ${MODE}',
    '4:12: apps.web.build: found "${MODE}", expected a reference such as ${hosts.data1.address}. Write "$${MODE}" for the text itself.',
  ],
  [
    'deploy: { hooks: { after_deploy: a | b } }',
    '4:38: apps.web.deploy.hooks.after_deploy: found "a | b", expected one program and its arguments: it is run without a shell, so "|" would mean nothing. Write ["sh", "-c", …] where you want a shell.',
  ],
]);

table('Which keys an app has', inApp, [
  ['heath: {}', '4:5: apps.web.heath: found an unknown key. Did you mean "health"?'],
  [
    'banana: 1',
    '4:5: apps.web.banana: found an unknown key, expected repository, directory, runtime, build, build_timeout, start, port_env, instances, health, route, env, secrets, limits, logs or deploy',
  ],
  [
    'health: { intervall: 1s }',
    '4:15: apps.web.health.intervall: found an unknown key. Did you mean "interval"?',
  ],
  [
    'deploy: { max-unavailable: 1 }',
    '4:15: apps.web.deploy.max-unavailable: found an unknown key. Did you mean "max_unavailable"?',
  ],
  [
    'deploy: { hooks: { before: x } }',
    '4:24: apps.web.deploy.hooks.before: found an unknown key, expected before_deploy or after_deploy',
  ],
  ['runtime: node', '4:5: found the same key a second time, expected each key once'],
]);

table('What names an app and its runtime', asIs, [
  [
    'apps: { web: { runtime: noode } }',
    '1:25: apps.web.runtime: found "noode", expected node, static or command. Did you mean "node"?',
  ],
  [
    'apps: { web: { runtime: { type: ruby } } }',
    '1:33: apps.web.runtime.type: found "ruby", expected node, static or command',
  ],
  [
    'apps: { web: { runtime: { version: 20 } } }',
    '1:16: apps.web.runtime.type: found nothing, expected node, static or command',
  ],
  [
    'apps: { web: { runtime: { type: node, version: [20] } } }',
    '1:48: apps.web.runtime.version: found a list, expected a version of Node, such as 22 or ">=20.11"',
  ],
  [
    'apps: { web: { runtime: { type: node, version: twenty } } }',
    '1:48: apps.web.runtime.version: found "twenty", expected a version of Node, such as 22 or ">=20.11"',
  ],
  ['apps: { web: { runtime: 20 } }', '1:25: apps.web.runtime: found 20, expected node, static or command'],
  ['apps: { web: {} }', '1:9: apps.web.runtime: found nothing, expected node, static or command'],
  ['apps: { web: }', '1:14: apps.web: found nothing, expected keys and values'],
  [
    'apps: { Web: { runtime: node } }',
    '1:9: apps.Web: found "Web", expected a name of a-z, 0-9 and -, at most 31, a letter first',
  ],
  [
    'apps: { web_1: { runtime: node } }',
    '1:9: apps.web_1: found "web_1", expected a name of a-z, 0-9 and -, at most 31, a letter first',
  ],
  ['apps: []', '1:7: apps: found an empty list, expected keys and values'],
  ['apps:', '1:6: apps: found nothing, expected keys and values'],
  ['name: x', '1:1: apps: found nothing, expected keys and values'],
  [
    'apps: { web: { runtime: { type: node, versoin: 20 } } }',
    '1:39: apps.web.runtime.versoin: found an unknown key. Did you mean "version"?',
  ],
  [
    'apps: { constructor: { runtime: node } }',
    '1:9: apps.constructor: found "constructor", expected a name of a-z, 0-9 and -, at most 31, a letter first',
  ],
]);

table('What the file as a whole must say', inFile, [
  ['name: My Shop', '1:7: name: found "My Shop", expected a name of a-z, 0-9 and -, such as production'],
  ['name: 7', '1:7: name: found 7, expected a name of a-z, 0-9 and -, such as production'],
  ['control: { listen: 70000 }', '1:20: control.listen: found 70000, expected a port from 0 to 65535'],
  [
    'control: { listen: example.org:80 }',
    '1:20: control.listen: found "example.org:80", expected an address and a port, such as 127.0.0.1:8080',
  ],
  [
    "balancer: { listen: '127.0.0.1' }",
    '1:21: balancer.listen: found "127.0.0.1", expected an address and a port, such as 127.0.0.1:8080',
  ],
  [
    'balancer: { listen: 127.0.0.1:7480 }',
    '1:21: balancer.listen: found port 7480, where the control server listens, expected another port',
  ],
  [
    'balancer: { listen: 0.0.0.0:7480 }',
    '1:21: balancer.listen: found port 7480, where the control server listens, expected another port',
  ],
  [
    'balancer: { listen: 20005 }',
    '1:21: balancer.listen: found port 20005, one of those for instances (20000-29999), expected another port',
  ],
  [
    'ports: 80-90',
    '1:8: ports: found "80-90", expected a range of ports from 1024 to 65535, such as 20000-29999',
  ],
  [
    'ports: 3000-2000',
    '1:8: ports: found "3000-2000", expected a range of ports from 1024 to 65535, such as 20000-29999',
  ],
  [
    'ports: 20000',
    '1:8: ports: found 20000, expected a range of ports from 1024 to 65535, such as 20000-29999',
  ],
  ['appps: {}', '1:1: appps: found an unknown key. Did you mean "apps"?'],
  [
    'hosts: { Data: { address: 10.0.0.1 } }',
    '1:10: hosts.Data: found "Data", expected a name of a-z, 0-9 and -, such as data1 or box[1-3]',
  ],
  ['hosts: { data1: 10.0.0.1 }', '1:17: hosts.data1: found "10.0.0.1", expected keys and values'],
  [
    'hosts: { data1: { address: 10.0.0.300 } }',
    '1:28: hosts.data1.address: found "10.0.0.300", expected an IP address or a host name',
  ],
  [
    'hosts: { data1: { address: a_b } }',
    '1:28: hosts.data1.address: found "a_b", expected an IP address or a host name',
  ],
  ['hosts: { data1: {} }', '1:10: hosts.data1.address: found nothing, expected an IP address or a host name'],
  [
    "hosts: { 'box[1-3]': { address: '10.0.0.[1-2]' } }",
    '1:33: hosts.box[1-3].address: found "10.0.0.[1-2]", expected a range of 3, one for each host (found 2)',
  ],
  [
    "hosts: { 'box[1-3]': { address: 10.0.0.1 } }",
    '1:33: hosts.box[1-3].address: found "10.0.0.1", expected a range of 3, one for each host (found 1)',
  ],
  [
    "hosts: { data1: { address: '10.0.0.[1-2]' } }",
    '1:28: hosts.data1.address: found "10.0.0.[1-2]", expected one address (found 2)',
  ],
  [
    "hosts: { 'box[3-1]': { address: '10.0.0.[1-3]' } }",
    '1:10: hosts.box[3-1]: found "box[3-1]", expected a range that goes up, such as [1-3]',
  ],
  [
    "hosts: { 'box[1-2]': { address: '10.0.0.[5-4]' } }",
    '1:33: hosts.box[1-2].address: found "10.0.0.[5-4]", expected a range that goes up, such as [4-5]',
  ],
  [
    "hosts: { 'box[1-2]': { address: '10.0.0.[1-2]' }, box2: { address: 10.0.0.9 } }",
    '1:51: hosts.box2: found the host box2, which is named before, expected another name',
  ],
  [
    'hosts: { local: { address: 10.0.0.9 } }',
    '1:10: hosts.local: found the host local, which always is this machine, expected another name',
  ],
  [
    "hosts: { 'box-[1-2]-': { address: '10.0.0.[1-2]' } }",
    '1:10: hosts.box-[1-2]-: found the name "box-1-", expected at most 63 of a-z, 0-9 and -',
  ],
  [
    "hosts: { 'box[1-2000]': { address: '10.0.0.[1-2000]' } }",
    '1:10: hosts.box[1-2000]: found "box[1-2000]", expected a range of at most 1000 numbers',
  ],
]);

table('What machines must be', inFile, [
  ['provider: docker', '1:11: provider: found "docker", expected local, ssh, lab or aws'],
  ['provider: shh', '1:11: provider: found "shh", expected local, ssh, lab or aws. Did you mean "ssh"?'],
  [
    'balancer: { type: haproxy }',
    '1:19: balancer.type: found haproxy, expected embedded: with provider local the balancer that comes with Fairway runs here',
  ],
  ['balancer: { type: nginx }', '1:19: balancer.type: found "nginx", expected embedded or haproxy'],
  [
    'balancer: { tls: { self_signed: true } }',
    '1:13: balancer.tls: found it, expected none: the embedded balancer of provider local speaks HTTP only',
  ],
  [
    'hosts: { a: { address: 10.0.0.1, roles: [balancr] } }',
    '1:42: hosts.a.roles[0]: found "balancr", expected app, balancer, flags, control, mongodb, mariadb, postgresql or redis, or a role of your own that provision names. Did you mean "balancer"?',
  ],
  [
    'hosts: { a: { address: 10.0.0.1, roles: [monitoring] } }',
    '1:42: hosts.a.roles[0]: found "monitoring", expected app, balancer, flags, control, mongodb, mariadb, postgresql or redis, or a role of your own that provision names. Name "monitoring" under provision.before or provision.after.',
  ],
  [
    'hosts: { a: { address: 10.0.0.1, roles: [flags, flags] } }',
    '1:49: hosts.a.roles[1]: found "flags", expected each once',
  ],
  [
    'hosts: { a: { address: 10.0.0.1, roles: flags } }',
    '1:41: hosts.a.roles: found "flags", expected a list of roles',
  ],
  [
    'hosts: { a: { address: 10.0.0.1, ssh: { user: Root } } }',
    '1:47: hosts.a.ssh.user: found "Root", expected the name of a user, such as fairway',
  ],
  ['ssh: { port: 0 }', '1:14: ssh.port: found 0, expected a whole number from 1 to 65535'],
  [
    'ssh: { key: x }',
    '1:8: ssh.key: found an unknown key, expected user, port, identity_file or config_file',
  ],
  [
    'provision: { before: [redis] }',
    '1:23: provision.before[0]: found "redis", which is a role of Fairway, expected another name',
  ],
  ['provision: { become: yes }', '1:22: provision.become: found "yes", expected true or false'],
  [
    'lab: { subnet: 8.8.8.0/24 }',
    '1:16: lab.subnet: found "8.8.8.0/24", expected a private network of /16 to /28, such as 10.90.0.0/24',
  ],
  ['lab: { memory: 1mb }', '1:16: lab.memory: found "1mb", expected a size from 128mb to 1024gb'],
]);

const onMachines = (lines: string) =>
  `provider: ssh\nhosts: { lb: { address: 10.0.0.1, roles: [balancer] }, 'box[1-2]': { address: '10.0.0.[2-3]' } }\n${lines}\n`;

table('What a production on real machines must say', onMachines, [
  [
    'balancer: { type: embedded }\napps: {}',
    '3:19: balancer.type: found embedded, expected haproxy: the embedded balancer reaches instances of this machine only, and provider is ssh',
  ],
  [
    'balancer: { listen: 0 }\napps: {}',
    '3:21: balancer.listen: found port 0, expected a port from 1 to 65535: HAProxy does not choose one',
  ],
  [
    'balancer: { tls: {} }\napps: {}',
    '3:13: balancer.tls: found neither, expected either certificates (a folder) or self_signed: true',
  ],
  [
    'balancer: { tls: { certificates: tls, self_signed: true } }\napps: {}',
    '3:13: balancer.tls: found both, expected either certificates (a folder) or self_signed: true',
  ],
  [
    'balancer: { tls: { self_signed: true, listen: 80 } }\napps: {}',
    '3:47: balancer.tls.listen: found port 80, where plain HTTP is answered, expected another port',
  ],
  [
    'apps: { web: { runtime: node, instances: 2 } }',
    '3:42: apps.web.instances: found 2, expected hosts such as box[1-3]: with provider ssh an instance runs on a host that is named',
  ],
  [
    'apps: { web: { runtime: node } }',
    '3:9: apps.web.instances: found nothing, expected hosts such as box[1-3]: with provider ssh an instance runs on a host that is named',
  ],
  [
    'apps: { web: { runtime: node, instances: local } }',
    '3:42: apps.web.instances: found "local", expected names under hosts (there is no "local")',
  ],
  [
    'apps: { web: { runtime: node, instances: [box1, box1] } }',
    '3:49: apps.web.instances[1]: found "box1", expected each host once (box1 is named before)',
  ],
  [
    'apps: { web: { runtime: node, instances: { hosts: box1, per_host: 0 } } }',
    '3:67: apps.web.instances.per_host: found 0, expected a whole number from 1 to 100',
  ],
  [
    'apps: { web: { runtime: node, instances: { hosts: bux1, per_host: 2 } } }',
    '3:51: apps.web.instances.hosts: found "bux1", expected names under hosts (there is no "bux1"). Did you mean "box1"?',
  ],
]);

table('What each kind of machine must say', asIs, [
  [
    'provider: ssh\nhosts: { lb: { roles: [balancer] } }\napps: {}',
    '2:10: hosts.lb.address: found nothing, expected an IP address or a host name',
  ],
  [
    'provider: lab\nhosts: { box1: {} }\napps: { web: { runtime: node, instances: box1 } }',
    '2:1: hosts: found none, expected a host with the role balancer, where HAProxy runs. Write roles: [balancer] for one host at least.',
  ],
  [
    'provider: aws\nhosts: { lb: { roles: [balancer] } }\napps: {}',
    '1:1: aws: found nothing, expected region, image, instance_type and subnet of the machines',
  ],
  [
    'provider: ssh\nbalancer: { listen: 7480 }\nhosts: { one: { address: 10.0.0.1, roles: [balancer, control] } }\napps: {}',
    '2:21: balancer.listen: found port 7480, where the control server listens, expected another port',
  ],
]);

table('What is planned for apps and not there yet', inApp, [
  [
    'web: { root: public }',
    '4:5: apps.web.web: web is not available in this version; serve the files from the app, or as an app of their own with runtime static',
  ],
  [
    'context: /x',
    '4:5: apps.web.context: context is not available in this version; run the app with runtime command',
  ],
  ['flags: {}', '4:5: apps.web.flags: flags is not available in this version; leave it out'],
  [
    'route: { deny: [/x] }',
    '4:14: apps.web.route.deny: deny is not available in this version; refuse those paths in the app',
  ],
  [
    'route: { sticky: true }',
    '4:14: apps.web.route.sticky: sticky is not available in this version; keep sessions where every instance finds them',
  ],
  [
    'deploy: { strategy: blue-green }',
    '4:25: apps.web.deploy.strategy: blue-green is not available in this version; use rolling with surge: all',
  ],
]);

table('Which runtimes are planned and not there yet', asIs, [
  [
    'apps: { web: { runtime: tomcat } }',
    '1:25: apps.web.runtime: tomcat is not available in this version; use command',
  ],
  [
    'apps: { web: { runtime: { type: tomcat, version: 9 } } }',
    '1:33: apps.web.runtime.type: tomcat is not available in this version; use command',
  ],
]);

table("What an app's keys must be together", inApp, [
  [
    'env: { PORT: 1 }',
    '4:12: apps.web.env.PORT: found the variable of the port, expected none: each instance is given its own. Name another variable in port_env, or leave this out.',
  ],
  ['secrets: [A-B]', '4:15: apps.web.secrets[0]: found "A-B", expected the name of an environment variable'],
  ['secrets: { A: b }', '4:14: apps.web.secrets: found keys and values, expected a list of names'],
  ['secrets: [A, A]', '4:18: apps.web.secrets[1]: found "A", expected each once'],
  [
    'secrets: [PORT]',
    '4:15: apps.web.secrets[0]: found PORT, the variable of the port, expected another name',
  ],
  [
    'secrets: [FAIRWAY_APP]',
    '4:15: apps.web.secrets[0]: found FAIRWAY_APP, which Fairway sets itself, expected another name',
  ],
  [
    'limits: { cpu: 0 }',
    '4:20: apps.web.limits.cpu: found 0, expected a number of CPUs from 0.01 to 1024, such as 0.5',
  ],
  [
    'deploy: { max_unavailable: 2 }',
    '4:32: apps.web.deploy.max_unavailable: found 2 for 2 instances, expected fewer: none would be left to serve',
  ],
  [
    'deploy: { max_unavailable: 3 }',
    '4:32: apps.web.deploy.max_unavailable: found 3 for 2 instances, expected fewer: none would be left to serve',
  ],
  [
    'deploy: { max_unavailable: 0, surge: 0 }',
    '4:32: apps.web.deploy.max_unavailable: found 0 with surge 0, expected one of them above 0: no instance could ever be replaced',
  ],
  [
    'deploy: { surge: 3 }',
    '4:22: apps.web.deploy.surge: found 3 for 2 instances, expected at most 2: each has one place beside it. Write surge: all.',
  ],
  [
    'health: { start_timeout: 1s }',
    '4:30: apps.web.health.start_timeout: found 1s, expected at least 2s (2 checks, one each 1s)',
  ],
  [
    'deploy: { stall_timeout: 59s }',
    '4:30: apps.web.deploy.stall_timeout: found 59s, expected at least 1m, the longest single wait (start_timeout, soak, or drain_timeout and stop_timeout)',
  ],
  ['route: { paths: [/a, /a/] }', '4:26: apps.web.route.paths[1]: found "/a", expected each once'],
  [
    'route: { hosts: [A.example.org, a.example.org] }',
    '4:37: apps.web.route.hosts[1]: found "a.example.org", expected each once',
  ],
  [
    'deploy: { max_unavailable: 100% }',
    '4:32: apps.web.deploy.max_unavailable: found 2 for 2 instances, expected fewer: none would be left to serve',
  ],
]);

table('What apps, hosts and ports must be together', asIs, [
  [
    'apps: { web: { runtime: node, env: { A: b }, secrets: [A] } }',
    '1:56: apps.web.secrets[0]: found A, which env sets too, expected it in one of them',
  ],
  [
    "apps: { web: { runtime: node, secrets: [A], start: 'node x ${A}' } }",
    '1:52: apps.web.start: found the secret "${A}", expected none here, where it would be shown to others. Let the app read it from its environment.',
  ],
  [
    'apps: { web: { runtime: command } }',
    '1:9: apps.web.start: found nothing, expected a command, as runtime command starts nothing by itself',
  ],
  [
    'apps: { web: { runtime: static, start: ./x } }',
    '1:40: apps.web.start: found a command, expected none: runtime static serves the files itself. Use runtime command or node for a server of your own.',
  ],
  [
    'apps: { web: { runtime: { type: static, version: 20 } } }',
    '1:50: apps.web.runtime.version: found a version, expected none: runtime static uses no Node',
  ],
  [
    'apps:\n  one: { runtime: node }\n  two: { runtime: node }\n',
    '3:3: apps.two.route.paths[0]: found the route / of any host, which leads to one already. Give one of them another host or path.',
  ],
  [
    'apps:\n  one: { runtime: node, route: { hosts: [a.org, b.org] } }\n  two:\n    runtime: node\n    route:\n      hosts:\n        - c.org\n        - B.org\n',
    '8:11: apps.two.route.hosts[1]: found the route b.org/, which leads to one already. Give one of them another host or path.',
  ],
  [
    'ports: 20000-20002\napps: { web: { runtime: node } }',
    '1:8: ports: found "20000-20002", expected room for 4 ports, two for each of 2 instances (found 3)',
  ],
  [
    "hosts: { 'box[1-3]': { address: '10.0.0.[1-3]' } }\napps: { web: { runtime: node, instances: 'box[1-3]' } }",
    '2:42: apps.web.instances: found "box[1-3]", expected hosts of this machine: box1 is 10.0.0.1, and provider local runs every instance here. Write a number of instances.',
  ],
  [
    "hosts: { 'box[1-3]': { address: '127.0.0.[1-3]' } }\napps: { web: { runtime: node, instances: 'bix[1-3]' } }",
    '2:42: apps.web.instances: found "bix[1-3]", expected a number or names under hosts (there is no "bix1"). Did you mean "box1"?',
  ],
  [
    "hosts: { data1: { address: 10.0.0.1 } }\napps: { web: { runtime: node, env: { A: '${hosts.data2.address}' } } }",
    '2:41: apps.web.env.A: found "${hosts.data2.address}", but there is no host data2; expected local or data1. Did you mean "data1"?',
  ],
  [
    "apps: { web: { runtime: node, env: { A: '${FOO}' } } }",
    '1:41: apps.web.env.A: found "${FOO}", expected a reference such as ${hosts.data1.address}. Write "$${FOO}" for the text itself.',
  ],
  [
    "apps: { web: { runtime: node, env: { A: '${hosts.data1' } } }",
    '1:41: apps.web.env.A: found "${hosts.data1", expected a reference such as ${hosts.data1.address}. Write "$${hosts.data1" for the text itself.',
  ],
  [
    "apps: { web: { runtime: node, env: { A: '${hosts.local.adress}' } } }",
    '1:41: apps.web.env.A: found "${hosts.local.adress}", expected a reference such as ${hosts.data1.address}. Did you mean "address"?',
  ],
]);

table('What the text must be', asIs, [
  [
    '',
    '1:1: found nothing, expected at least the key apps. Run "fairway init" in your app\'s folder for a fairway.yml to begin with.',
  ],
  [
    '# nothing\n',
    '1:1: found nothing, expected at least the key apps. Run "fairway init" in your app\'s folder for a fairway.yml to begin with.',
  ],
  [
    '---\n',
    '1:4: found nothing, expected at least the key apps. Run "fairway init" in your app\'s folder for a fairway.yml to begin with.',
  ],
  ['a', '1:1: found "a", expected keys and values'],
  ['- a', '1:1: found a list, expected keys and values'],
  ['apps:\n\tweb: {}', '2:1: found a tab, expected spaces for indentation'],
  [
    'apps: {\n',
    '2:1: found invalid YAML: Flow map in block collection must be sufficiently indented and end with a }',
  ],
  [
    'apps: { web: { runtime: node } }\napps: {}',
    '2:1: found the same key a second time, expected each key once',
  ],
  [
    'a: b: c',
    '1:4: found invalid YAML: Nested mappings are not allowed in compact mappings. Text with special characters needs quotes around it.',
  ],
  ['--- \napps: {}\n---\napps: {}', '3:1: found a second document ("---"), expected one'],
  ['apps: *x', '1:7: apps: found the alias *x, expected an anchor &x before it'],
  ['apps: &x { web: *x }', '1:17: apps.web: found the alias *x within its own anchor, expected an end'],
  ['apps: !custom {}', '1:15: apps: found the tag "!custom", expected a plain value'],
  [
    'apps: { web: { runtime: !!binary aGk= } }',
    '1:34: apps.web.runtime: found the tag "tag:yaml.org,2002:binary", expected a plain value',
  ],
  ['__proto__: {}\napps: {}', '1:1: __proto__: found an unknown key, expected another name'],
  ['? [a]\n: b\n', '1:3: found invalid YAML: With stringKeys, all keys must be strings'],
  [
    '@a: b',
    '1:1: found invalid YAML: Plain value cannot start with reserved character @. Text with special characters needs quotes around it.',
  ],
  ['apps: "x', '1:9: found invalid YAML: Missing closing "quote'],
  ['<<: 3\napps: {}', '1:1: "<<": found something else, expected keys and values to merge in'],
  ['%YAML 9\n---\napps: {}', '1:7: found invalid YAML: Unsupported YAML version 9'],
  [
    'apps: {}\n<<<<<<< HEAD\nname: a\n=======\nname: b\n>>>>>>> x\n',
    '2:1: found the mark of a merge conflict, expected it to be resolved',
  ],
]);

table('What a canary must be', inApp, [
  [
    'deploy: { strategy: canary, canary: { instances: some } }',
    '4:54: apps.web.deploy.canary.instances: found "some", expected a whole number from 1 to 1000, or auto',
  ],
  [
    'deploy: { strategy: canary, canary: { instances: 0 } }',
    '4:54: apps.web.deploy.canary.instances: found 0, expected a whole number from 1 to 1000, or auto',
  ],
  [
    'deploy: { strategy: canary, canary: { instances: 3 } }',
    "4:54: apps.web.deploy.canary.instances: found 3, expected at most 2: each runs beside one of the app's own. Write instances: auto.",
  ],
  [
    'deploy: { strategy: canary, canary: { instances: 1 }, steps: [{ share: 60%, hold: 1m }] }',
    '4:54: apps.web.deploy.canary.instances: found 1, expected at least 2: with 2 instances fewer could not carry the step of 60%. Write instances: auto.',
  ],
  [
    'deploy: { strategy: canary, steps: [] }',
    '4:40: apps.web.deploy.steps: found an empty list, expected at least one step',
  ],
  [
    'deploy: { strategy: canary, steps: 5% }',
    '4:40: apps.web.deploy.steps: found "5%", expected a list of steps, each with share and hold',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 5% }] }',
    '4:41: apps.web.deploy.steps[0].hold: found nothing, expected a duration from 0s to 24h, such as 2m, or manual',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 5, hold: 2m }] }',
    '4:50: apps.web.deploy.steps[0].share: found 5, expected a percentage from 0.01% to 99.99%, such as 5%',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 0%, hold: 2m }] }',
    '4:50: apps.web.deploy.steps[0].share: found "0%", expected a percentage from 0.01% to 99.99%, such as 5%',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 100%, hold: 2m }] }',
    '4:50: apps.web.deploy.steps[0].share: found "100%", expected a percentage from 0.01% to 99.99%, such as 5%',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 5%, hold: soon }] }',
    '4:60: apps.web.deploy.steps[0].hold: found "soon", expected a duration from 0s to 24h, such as 2m, or manual',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 5%, hold: 25h }] }',
    '4:60: apps.web.deploy.steps[0].hold: found "25h", expected a duration from 0s to 24h, such as 2m, or manual',
  ],
  [
    'deploy: { strategy: canary, steps: [{ share: 25%, hold: 2m }, { share: 25%, hold: 2m }] }',
    '4:76: apps.web.deploy.steps[1].share: found "25%", expected more than 25%, the share of the step before',
  ],
  [
    'deploy: { strategy: canary, bake: 25h }',
    '4:39: apps.web.deploy.bake: found "25h", expected a duration from 0s to 24h',
  ],
  [
    'deploy: { strategy: canary, judge: { errors: { worse_by: 1 } } }',
    '4:62: apps.web.deploy.judge.errors.worse_by: found 1, expected a percentage from 0% to 1000%, such as 50%',
  ],
  [
    'deploy: { strategy: canary, judge: { latency: { p95_worse_by: 1001% } } }',
    '4:67: apps.web.deploy.judge.latency.p95_worse_by: found "1001%", expected a percentage from 0% to 1000%, such as 50%',
  ],
  [
    'deploy: { strategy: canary, judge: { min_requests: 0 } }',
    '4:56: apps.web.deploy.judge.min_requests: found 0, expected a whole number from 1 to 1000000',
  ],
  [
    'deploy: { canary: {} }',
    '4:15: apps.web.deploy.canary: found canary with strategy rolling, expected it with strategy canary only. Write strategy: canary, or leave it out.',
  ],
  [
    'deploy: { steps: [{ share: 5%, hold: 2m }] }',
    '4:15: apps.web.deploy.steps: found steps with strategy rolling, expected it with strategy canary only. Write strategy: canary, or leave it out.',
  ],
  [
    'deploy: { bake: 1m }',
    '4:15: apps.web.deploy.bake: found bake with strategy rolling, expected it with strategy canary only. Write strategy: canary, or leave it out.',
  ],
  [
    'deploy: { judge: {} }',
    '4:15: apps.web.deploy.judge: found judge with strategy rolling, expected it with strategy canary only. Write strategy: canary, or leave it out.',
  ],
]);
