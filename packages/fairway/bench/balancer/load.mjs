// Closed-loop visitors on raw sockets, in a process of their own. Prints one line of JSON and ends.
import { connect } from 'node:net';

const { port, connections, warmUpMs, measureMs, postBytes } = JSON.parse(process.argv[2]);
const body = 'x'.repeat(postBytes);
const line =
  postBytes > 0
    ? `POST /some/path?with=query HTTP/1.1\r\nContent-Length: ${postBytes}`
    : 'GET /some/path?with=query HTTP/1.1';
const headers =
  'Host: bench.test\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Language: en\r\nCookie: session=0123456789abcdef';
const request = Buffer.from(`${line}\r\n${headers}\r\n\r\n${body}`);

const latencies = [];
let measuring = false;
let failures = 0;

for (let index = 0; index < connections; index++) visit();

await new Promise((resolve) => setTimeout(resolve, warmUpMs));
measuring = true;
const startedAt = performance.now();
await new Promise((resolve) => setTimeout(resolve, measureMs));
const seconds = (performance.now() - startedAt) / 1000;
latencies.sort((one, other) => one - other);
const percentile = (part) =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? null;
console.log(
  JSON.stringify({
    requestsPerSecond: latencies.length / seconds,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    failures,
  }),
);
process.exit(0);

function visit() {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let sentAt = 0;
  let left = -1;
  let head = '';
  const send = () => {
    left = -1;
    head = '';
    sentAt = performance.now();
    socket.write(request);
  };
  socket.on('connect', send);
  socket.on('error', () => {});
  socket.on('close', () => {
    failures += 1;
    setTimeout(visit, 10);
  });
  socket.on('data', (data) => {
    if (left < 0) {
      head += data.latin1Slice(0, data.length);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!head.startsWith('HTTP/1.1 200')) failures += 1;
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      if (!length) throw new Error(`an answer without a length:\n${head}`);
      left = Number(length[1]) - (head.length - end - 4);
    } else left -= data.length;
    if (left > 0) return;
    if (measuring) latencies.push(performance.now() - sentAt);
    send();
  });
}
