import { request } from 'node:http';
import type { Target } from '../../../demo/src/load/request.ts';

/** One GET over a connection of its own, as a visitor of `host` makes it. Rejects when there is no answer. */
export function visit(
  target: Target,
  host: string,
  path = '/',
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const { host: address, port } = target;
    const asked = request({ host: address, port, path, headers: { host }, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}
