import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { embeddedBalancer } from '../../dist/balancer/embedded/client.js';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * What is compared. `start(port, targets, folder, run)` starts it before the two targets; `run` starts a process that
 * is ended with the benchmark. Servers that are not installed are left out.
 */
export function contestants() {
  return [
    { name: 'fairway', start: startFairway },
    ...['http-proxy', 'httpxy', 'reply-from', 'fastify-http-proxy'].map((name) => ({
      name,
      start: (port, targets, _folder, run) =>
        run(process.execPath, [here('node-proxies.mjs'), name, port, ...targets]),
    })),
    { name: 'haproxy', start: startHaproxy },
    { name: 'nginx', start: startNginx },
    { name: 'caddy', start: startCaddy },
  ].filter(({ name }) => !['haproxy', 'nginx', 'caddy'].includes(name) || isInstalled(name));
}

/** As in production: its own process, health checks and counters on. */
async function startFairway(port, targets, folder, run) {
  const socketPath = join(folder, 'balancer.sock');
  const args = ['--state', folder, '--socket', socketPath, '--listen', `127.0.0.1:${port}`];
  run(process.execPath, [here('../../dist/balancer/embedded/main.js'), ...args]);
  const balancer = embeddedBalancer({ socketPath });
  await until(() => balancer.ready());
  await balancer.declare(
    {
      app: 'bench',
      route: { hosts: ['bench.test'], paths: ['/'], maxBodyBytes: 20_000_000, maxHeaderBytes: 16_384 },
      health: {
        path: '/health',
        intervalMs: 1000,
        timeoutMs: 1000,
        rise: 1,
        fall: 3,
        status: { from: 200, to: 399 },
        headers: {},
      },
      algorithm: 'least-connections',
      timeouts: { connectMs: 1000, idleMs: 30_000, firstByteMs: 30_000 },
    },
    1,
  );
  for (const target of targets) {
    const slot = { app: 'bench', instance: String(target), slot: 'a' };
    await balancer.register(
      { slot, host: '127.0.0.1', port: target, side: 'baseline', generation: 'r+c' },
      1,
    );
    await until(() => balancer.admit(slot, 1));
  }
}

function startHaproxy(port, targets, folder, run) {
  const servers = targets.map((target) => `  server s${target} 127.0.0.1:${target} check inter 1s`);
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(
    config,
    `defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend visitors
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend instances
backend instances
  balance leastconn
  option httpchk GET /health
  http-reuse always
${servers.join('\n')}
`,
  );
  run('haproxy', ['-db', '-f', config]);
}

function startNginx(port, targets, folder, run) {
  const servers = targets.map((target) => `server 127.0.0.1:${target};`).join(' ');
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; worker_processes auto; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 10000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream instances { least_conn; ${servers} keepalive 128; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://instances; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`,
  );
  run('nginx', ['-c', config, '-p', folder, '-e', 'stderr']);
}

function startCaddy(port, targets, folder, run) {
  const config = join(folder, 'Caddyfile');
  const home = join(folder, 'caddy');
  mkdirSync(home, { recursive: true });
  writeFileSync(
    config,
    `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${targets.map((target) => `127.0.0.1:${target}`).join(' ')} {
    lb_policy least_conn
  }
}
`,
  );
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
  run('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], env);
}

function isInstalled(program) {
  return spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined;
}

async function until(attempt) {
  for (const deadline = Date.now() + 10_000; ; await delay(20)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/** Starts processes and ends all of them together. */
export function processes() {
  const children = [];
  return {
    run(program, args, env = process.env) {
      const child = spawn(program, args.map(String), { stdio: ['ignore', 'ignore', 'pipe'], env });
      child.stderr.resume();
      children.push(child);
    },
    async end() {
      const ends = children.map((child) => {
        if (child.exitCode !== null) return undefined;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill(child.spawnfile === 'nginx' ? 'SIGQUIT' : 'SIGTERM');
        const kill = setTimeout(() => child.kill('SIGKILL'), 2000);
        return ended.then(() => clearTimeout(kill));
      });
      await Promise.all(ends);
    },
  };
}
