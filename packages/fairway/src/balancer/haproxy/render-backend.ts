import type { PoolDefinition } from '../balancer.ts';
import { checkedName, checkedPath, quoted, quotedFormat } from './quote.ts';
import type { Placement } from './state.ts';
import { backends, lineName, standInName } from './wanted.ts';

/** Somebody waits for a server that is not healthy yet, or one may just have failed: it is asked at least this often. */
const IMPATIENT_INTERVAL_MS = 200;
/**
 * A line's address comes from `servers.state`. HAProxy takes it from there only for a server that has a name here, which it
 * is told not to look up.
 */
const addressOf = (name: string): string => `${name}.invalid:1`;

/** The backends of one app. */
export function renderBackends(definition: PoolDefinition, placement: Placement): string {
  const app = checkedName(definition.app);
  const numbers = Array.from({ length: placement.size }, (_, index) => index + 1);
  const followed = (number: number) => {
    const own = placement.checks[number];
    return own ? ` no-check track ${backends.check(app, own)}/${lineName(number)}` : '';
  };
  const lines = numbers.map((number) => serverLine(lineName(number), followed(number)));
  return [
    `backend ${backends.baseline(app)}`,
    ...traffic(definition),
    ...check(definition.health, definition),
    ...lines,
    '',
    `backend ${backends.canary(app)}`,
    ...traffic(definition),
    // The baseline stands in where a canary breaks off or none is usable.
    '  option allbackups',
    // More than elsewhere: of a canary that just died other attempts may find out first, over a kept connection and a new one.
    '  retries 3',
    ...check(definition.health, definition),
    ...lines,
    ...numbers.map((number) =>
      serverLine(standInName(number), ` no-check track ${backends.baseline(app)}/${lineName(number)} backup`),
    ),
    '',
    `backend ${backends.unchecked(app)}`,
    ...traffic(definition),
    ...numbers.map((number) => serverLine(lineName(number))),
    '',
    ...ownChecks(app, placement, definition),
  ].join('\n');
}

function serverLine(name: string, options = ''): string {
  return `  server ${name} ${addressOf(name)}${options}`;
}

function traffic({ algorithm, timeouts, route }: PoolDefinition): string[] {
  return [
    `  balance ${algorithm === 'least-connections' ? 'leastconn' : 'roundrobin'}`,
    `  timeout connect ${timeouts.connectMs}ms`,
    // One timeout for the first byte and for all others: the longer of both cuts nobody off.
    `  timeout server ${Math.max(timeouts.firstByteMs, timeouts.idleMs)}ms`,
    `  http-request set-var(txn.head_bytes) req.hdrs,length`,
    `  http-request set-var(txn.head_bytes) url,length,add(txn.head_bytes)`,
    `  http-request return status 431 content-type text/plain hdr cache-control no-store string "request headers too large\\n" if { var(txn.head_bytes) -m int gt ${route.maxHeaderBytes} }`,
    `  http-request return status 413 content-type text/plain hdr cache-control no-store string "request body too large\\n" if { req.body_size gt ${route.maxBodyBytes} }`,
  ];
}

function check(health: PoolDefinition['health'], { route }: PoolDefinition): string[] {
  const { path, intervalMs, timeoutMs, rise, fall, status, headers } = health;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const host = route.hosts.find((name) => !name.startsWith('*')) ?? 'localhost';
  const sent = [
    ...(names.has('host') ? [] : [['host', host] as const]),
    ...(names.has('user-agent') ? [] : [['user-agent', 'fairway-health-check'] as const]),
    ...Object.entries(headers),
    ['connection', 'close'] as const,
  ];
  const impatient = Math.min(intervalMs, IMPATIENT_INTERVAL_MS);
  return [
    '  option httpchk',
    `  http-check send meth GET uri ${quoted(checkedPath(path))} ver HTTP/1.1 ${sent
      .map(([name, value]) => `hdr ${quoted(name)} ${quotedFormat(value)}`)
      .join(' ')}`,
    `  http-check expect status ${status.from}-${status.to}`,
    `  timeout check ${timeoutMs}ms`,
    `  default-server check inter ${intervalMs}ms fastinter ${impatient}ms downinter ${impatient}ms rise ${rise} fall ${fall} observe layer4 error-limit 1 on-error mark-down`,
  ];
}

/** Backends that no request reaches: they only ask servers which are checked otherwise than the pool says. */
function ownChecks(app: string, placement: Placement, definition: PoolDefinition): string[] {
  const byBackend = new Map<string, { health: PoolDefinition['health']; numbers: number[] }>();
  for (const [number, health] of Object.entries(placement.checks)) {
    const backend = backends.check(app, health);
    const known = byBackend.get(backend) ?? { health, numbers: [] };
    known.numbers.push(Number(number));
    byBackend.set(backend, known);
  }
  return [...byBackend].flatMap(([backend, { health, numbers }]) => [
    `backend ${backend}`,
    `  timeout connect ${definition.timeouts.connectMs}ms`,
    ...check(health, definition),
    ...numbers.map((number) => serverLine(lineName(number))),
    '',
  ]);
}
