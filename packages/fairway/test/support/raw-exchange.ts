import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Bytes as a visitor of ill will, or of another age, would send them. */
export class RawVisitor {
  readonly socket: Socket;
  received = '';
  ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', () => {
      this.ended = true;
    });
  }

  static async connect(port: number): Promise<RawVisitor> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new RawVisitor(socket);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The status codes of the answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  }

  close(): void {
    this.socket.destroy();
  }
}
