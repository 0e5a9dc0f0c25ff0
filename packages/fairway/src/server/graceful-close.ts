import type { Server, ServerResponse } from 'node:http';

const LONGEST_WAIT_MS = 5000;

/**
 * Watches the server's requests, and answers with what ends it: no new connection, answers under way may end for a
 * while, then every connection is closed. A client that keeps one open in silence holds nothing up: node itself would
 * wait for it.
 */
export function closerOf(server: Server): () => Promise<void> {
  const underWay = new Set<ServerResponse>();
  let closing = false;
  const closeIfQuiet = () => {
    if (closing && underWay.size === 0) server.closeAllConnections();
  };
  server.on('request', (_request, response) => {
    underWay.add(response);
    response.once('close', () => {
      underWay.delete(response);
      closeIfQuiet();
    });
  });
  return async () => {
    closing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const impatience = setTimeout(() => server.closeAllConnections(), LONGEST_WAIT_MS);
    closeIfQuiet();
    await closed;
    clearTimeout(impatience);
  };
}
