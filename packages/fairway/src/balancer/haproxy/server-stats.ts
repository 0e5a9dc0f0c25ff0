/** One server's line of `show stat`. */
export interface ServerStats {
  readonly backend: string;
  readonly name: string;
  readonly underWay: number;
  readonly requests: number;
  readonly answers: readonly [number, number, number, number, number];
  readonly failures: number;
  readonly retried: number;
  /** What its last check found, where that was no pass. */
  readonly checkFailure: string | undefined;
}

export function parseStats(text: string): ServerStats[] {
  const [head, ...rows] = text.trim().split('\n');
  if (head === undefined) return [];
  const columns = new Map(
    head
      .replace(/^# /, '')
      .split(',')
      .map((name, index) => [name, index]),
  );
  return rows.map((row) => {
    const values = splitRow(row);
    const text = (name: string) => values[columns.get(name)!] ?? '';
    const count = (name: string) => Number(text(name) || 0);
    const retried = count('wretr') + count('wredis');
    return {
      backend: text('pxname'),
      name: text('svname'),
      underWay: count('scur') + count('qcur'),
      requests: count('stot'),
      answers: [1, 2, 3, 4, 5].map((kind) => count(`hrsp_${kind}xx`)) as unknown as ServerStats['answers'],
      failures: count('econ') + count('eresp') + retried,
      retried,
      checkFailure: describeCheck(
        text('check_status'),
        text('check_code'),
        text('check_duration'),
        text('last_chk'),
      ),
    };
  });
}

const CHECK_FAILURES: Readonly<Record<string, string>> = {
  L4TOUT: 'no connection in time',
  L6TOUT: 'no connection in time',
  L7TOUT: 'no answer in time',
  L7RSP: 'an answer that is not HTTP',
  SOCKERR: 'the check could not open a socket',
};

function describeCheck(status: string, code: string, duration: string, said: string): string | undefined {
  // An asterisk: the check is under way, and this is what the one before it found.
  const found = status.replace(/^\* /, '');
  if (found === '' || found === 'INI' || found === 'UNK' || /OK$/.test(found)) return undefined;
  if (found === 'L4CON') return connectionFailure(said);
  if (found === 'L7STS') return `${code} after ${duration} ms`;
  return CHECK_FAILURES[found] ?? (said || found);
}

function connectionFailure(said: string): string {
  if (/refused/i.test(said)) return 'connection refused';
  if (/no route|unreachable/i.test(said)) return 'host unreachable';
  return said === '' ? 'no connection' : said.toLowerCase();
}

/** Values hold no line break; those with a comma are quoted. */
function splitRow(row: string): string[] {
  return [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
