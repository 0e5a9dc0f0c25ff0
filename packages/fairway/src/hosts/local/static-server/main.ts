import { statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import handler from 'serve-handler';

/** `node main.js ROOT`: serves the files of a folder on 127.0.0.1, port $PORT, until SIGTERM. */
const root = resolve(process.argv[2] ?? '.');
const port = Number(process.env.PORT);
if (!isFolder(root) || !Number.isInteger(port)) {
  console.error(isFolder(root) ? 'PORT is not set' : `${root} is not a folder: nothing to serve`);
  process.exit(1);
}

// ETags are made from contents: archives of releases carry equal timestamps for files that differ.
const settings = { public: root, etag: true, cleanUrls: false, directoryListing: false };

let ending = false;
const server = createServer((request, response) => {
  if (ending) response.setHeader('connection', 'close');
  response.setHeader('cache-control', 'no-cache');
  void serve(request, response);
});

server.listen(port, '127.0.0.1', () => console.log(`serving ${root} on 127.0.0.1:${port}`));

process.once('SIGTERM', () => {
  ending = true;
  server.close(() => process.exit(0));
  // Those whose answer is under way now become idle only later.
  setInterval(() => server.closeIdleConnections(), 50);
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const folder = folderWithoutSlash(request.url ?? '/');
  if (folder !== undefined) {
    response.writeHead(308, { location: folder }).end();
    return;
  }
  request.url = withIndex(request.url ?? '/');
  try {
    await handler(request, response, settings);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

/** Relative links of a folder's page only work below a path that ends with a slash: where to go instead, if so. */
function folderWithoutSlash(url: string): string | undefined {
  const [path = '', query] = url.split('?', 2);
  if (path.endsWith('/') || !path.startsWith('/') || path.startsWith('//')) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.split('/').includes('..') || !isFolder(join(root, decoded)))
    return undefined;
  return `${path}/${query === undefined ? '' : `?${query}`}`;
}

/** The page of a folder. serve-handler finds it only together with its redirects away from paths in `.html`. */
function withIndex(url: string): string {
  return url.replace(/\/(?=\?|$)/, '/index.html');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
