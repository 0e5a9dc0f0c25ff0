import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Target } from './request.ts';

const PING_EVERY_MS = 200;

/** One open WebSocket that says something now and then, and what became of it. Times on `performance.now()`. */
export interface OpenWebSocket {
  readonly openedAt: number;
  closedAt?: number;
  /** Messages that came back. */
  echoes: number;
}

/** Visitors with WebSockets open: each one is written down until it is closed, by whomever. */
export class WebSockets {
  readonly all: OpenWebSocket[] = [];
  readonly #target: Target;
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;

  constructor(target: Target) {
    this.#target = target;
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) socket.write(textFrame('ping'));
    }, PING_EVERY_MS);
  }

  async open(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#open()));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(): Promise<void> {
    const { host, port, hostname } = this.#target;
    return new Promise((resolve, reject) => {
      const upgrade = request({
        host,
        port,
        path: '/',
        headers: {
          host: hostname,
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': randomBytes(16).toString('base64'),
        },
      });
      upgrade.on('upgrade', (_answer, socket) => {
        this.#keep(socket);
        resolve();
      });
      upgrade.on('response', (answer) => reject(new Error(`no WebSocket: status ${answer.statusCode}`)));
      upgrade.on('error', reject);
      upgrade.end();
    });
  }

  #keep(socket: Socket): void {
    const opened: OpenWebSocket = { openedAt: performance.now(), echoes: 0 };
    this.all.push(opened);
    this.#sockets.add(socket);
    socket.on('data', () => {
      opened.echoes += 1;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      opened.closedAt = performance.now();
      this.#sockets.delete(socket);
    });
  }
}

/** A masked text frame of up to 125 bytes (RFC 6455, section 5.2). */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}
