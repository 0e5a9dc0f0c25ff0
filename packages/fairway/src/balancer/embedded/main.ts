import { parseArgs } from 'node:util';
import pino from 'pino';
import { runBalancer } from './process.ts';
import type { Listen } from './visitors.ts';

const USAGE = `Usage: fairway balancer --state DIR --socket PATH (--listen-fd N | --listen ADDRESS:PORT)
                        [--drain-timeout MILLISECONDS] [--request-timeout MILLISECONDS]
                        [--max-connections N]`;

/** Of the log, in bytes, while its disk is full. */
const KEPT_WHILE_FULL = 1_000_000;

class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

/** The balancer process, from its arguments to its exit code. SIGTERM: retire; a second one: end at once. */
export async function balancerMain(argv: readonly string[]): Promise<number> {
  const options = readArguments(argv);
  const destination = pino.destination({ dest: 2, sync: true, maxLength: KEPT_WHILE_FULL });
  // Visitors are served whether or not it can be written down.
  destination.on('error', () => undefined);
  const log = pino({ base: undefined }, destination);
  const balancer = await runBalancer({ ...options, log });
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const atOnce = () => process.exit(1);
  process.once('SIGTERM', atOnce).once('SIGINT', atOnce);
  await balancer.retire();
  return 0;
}

function readArguments(argv: readonly string[]) {
  const { values } = parse(argv);
  if (values.state === undefined || values.socket === undefined) {
    throw new UsageError(`--state and --socket are required\n${USAGE}`);
  }
  return {
    stateDirectory: values.state,
    socketPath: values.socket,
    listen: readListen(values['listen-fd'], values.listen),
    drainTimeoutMs: readNumber('--drain-timeout', values['drain-timeout']),
    requestTimeoutMs: readNumber('--request-timeout', values['request-timeout']),
    maxConnections: readNumber('--max-connections', values['max-connections']),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        state: { type: 'string' },
        socket: { type: 'string' },
        listen: { type: 'string' },
        'listen-fd': { type: 'string' },
        'drain-timeout': { type: 'string' },
        'request-timeout': { type: 'string' },
        'max-connections': { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}

function readListen(fd: string | undefined, address: string | undefined): Listen {
  if (fd !== undefined) return { fd: readNumber('--listen-fd', fd)! };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address ?? '');
  if (!match) throw new UsageError(`--listen needs ADDRESS:PORT, found ${address ?? 'nothing'}\n${USAGE}`);
  return { address: (match[1] ?? match[2])!, port: Number(match[3]) };
}

function readNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option} needs a number, found ${text}\n${USAGE}`);
  return Number(text);
}

if (import.meta.filename === process.argv[1]) {
  balancerMain(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: Error) => {
      process.stderr.write(
        `fairway balancer: ${error instanceof UsageError ? error.message : failure(error)}\n`,
      );
      process.exit(error instanceof UsageError ? 2 : 1);
    },
  );
}

function failure(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `${error.message}: another program listens there; choose another port`;
  if (error.code === 'EACCES')
    return `${error.message}: choose a port above 1023, or a directory that you own`;
  return error.code === undefined ? (error.stack ?? error.message) : error.message;
}
