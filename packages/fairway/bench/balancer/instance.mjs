// Two instances in one process: the least work that is still HTTP, so that the figures tell about what stands before it.
import { createServer } from 'node:net';

const [bytes, ...ports] = process.argv.slice(2).map(Number);
const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nCache-Control: no-cache\r\n`;
const answer = Buffer.from(`${head}Content-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`);

for (const port of ports) {
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    let tail = '';
    let bodyBytesLeft = 0;
    socket.on('data', (data) => {
      let text = tail + data.latin1Slice(0, data.length);
      tail = '';
      while (text.length > 0) {
        const skipped = Math.min(bodyBytesLeft, text.length);
        bodyBytesLeft -= skipped;
        text = text.slice(skipped);
        if (skipped > 0 && bodyBytesLeft === 0) socket.write(answer);
        if (text.length === 0) return;
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) {
          tail = text;
          return;
        }
        const length = /^content-length: *(\d+)/im.exec(text.slice(0, end));
        bodyBytesLeft = length ? Number(length[1]) : 0;
        text = text.slice(end + 4);
        if (bodyBytesLeft === 0) socket.write(answer);
      }
    });
  }).listen(port, '127.0.0.1');
}
