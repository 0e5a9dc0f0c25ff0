// The libraries, bare: keep-alive upstream, two targets in turn, nothing else. argv: NAME PORT TARGET-PORT TARGET-PORT
import { Agent, createServer } from 'node:http';

const [name, port, ...targetPorts] = process.argv.slice(2);
const targets = targetPorts.map((target) => `http://127.0.0.1:${target}`);
let turn = 0;
const nextTarget = () => targets[turn++ % targets.length];
const listen = { port: Number(port), host: '127.0.0.1' };

const start = {
  'http-proxy': async () => {
    const { default: httpProxy } = await import('http-proxy');
    const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true }) });
    proxy.on('error', (_error, _request, response) => response.writeHead(502).end());
    createServer((request, response) => proxy.web(request, response, { target: nextTarget() })).listen(
      listen,
    );
  },
  httpxy: async () => {
    const { createProxyServer } = await import('httpxy');
    const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }) });
    createServer((request, response) => {
      proxy.web(request, response, { target: nextTarget() }).catch(() => response.writeHead(502).end());
    }).listen(listen);
  },
  'reply-from': async () => {
    const app = await fastifyApp();
    app.register((await import('@fastify/reply-from')).default, {
      undici: { connections: 128, pipelining: 1 },
    });
    app.all('/*', (request, reply) => reply.from(nextTarget() + request.raw.url));
    await app.listen(listen);
  },
  'fastify-http-proxy': async () => {
    const app = await fastifyApp();
    app.register((await import('@fastify/http-proxy')).default, {
      upstream: '',
      undici: { connections: 128, pipelining: 1 },
      replyOptions: { getUpstream: nextTarget },
    });
    await app.listen(listen);
  },
};

async function fastifyApp() {
  const { default: fastify } = await import('fastify');
  const app = fastify({ logger: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  return app;
}

await start[name]();
