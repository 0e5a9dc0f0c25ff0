import { request } from 'node:http';
import type { Socket } from 'node:net';
import { jsonLine, onJsonLine } from './json-lines.ts';
import { type PredecessorMessage, predecessorMessageSchema, type SuccessorMessage } from './messages.ts';

/**
 * The connection to the process that is to hand over. It stays open however long that process takes to answer: only the
 * connection's end says that the process is gone.
 */
export class PredecessorChannel {
  #socket: Socket | undefined;
  /** Each message holds the whole state, so one that could not be written yet gives way to the next. */
  #unsent: SuccessorMessage | undefined;

  constructor(
    socketPath: string,
    onMessage: (message: PredecessorMessage) => void,
    onEnd: (reason: string | undefined) => void,
  ) {
    const ask = request({
      socketPath,
      path: '/handover',
      agent: false,
      headers: { connection: 'Upgrade', upgrade: 'fairway-handover' },
    });
    ask.on('error', (error) => onEnd(error.message));
    ask.on('response', (answer) => {
      answer.resume();
      onEnd(`it answered ${answer.statusCode}`);
    });
    ask.on('upgrade', (_answer, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      this.#socket = socket;
      socket.on('drain', () => this.#flush());
      this.#flush();
      onJsonLine(
        socket,
        (line) => onMessage(predecessorMessageSchema.parse(line)),
        (reason) => onEnd(reason?.message),
      );
    });
    ask.end();
  }

  send(message: SuccessorMessage): void {
    this.#unsent = message;
    this.#flush();
  }

  #flush(): void {
    if (this.#unsent === undefined || !this.#socket || this.#socket.writableNeedDrain) return;
    const line = jsonLine(this.#unsent);
    this.#unsent = undefined;
    this.#socket.write(line);
  }
}
