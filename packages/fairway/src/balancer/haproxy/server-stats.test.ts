import { expect, it } from 'vitest';
import { parseStats } from './server-stats.ts';

const head =
  '# pxname,svname,qcur,scur,stot,econ,eresp,wretr,wredis,status,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,last_chk,';

function parse(row: string) {
  return parseStats(`${head}\n${row}\n\n`)[0]!;
}

it('counts what a server did, retries among the failures', () => {
  expect(parse('shop,s1,1,2,30,3,4,5,6,UP,L7OK,200,1,0,20,1,2,3,,')).toEqual({
    backend: 'shop',
    name: 's1',
    underWay: 3,
    requests: 30,
    answers: [0, 20, 1, 2, 3],
    failures: 18,
    retried: 11,
    checkFailure: undefined,
  });
});

it.each([
  ['L7STS,503,12', 'Service Unavailable', '503 after 12 ms'],
  ['* L7STS,503,12', 'Service Unavailable', '503 after 12 ms'],
  ['L4CON,,0', 'Connection refused', 'connection refused'],
  ['L4CON,,0', '"No route to host, really"', 'host unreachable'],
  ['L7TOUT,,1000', '', 'no answer in time'],
  ['INI,,', '', undefined],
  ['* L7OK,200,1', '', undefined],
])('tells people what a check found: %s', (check, said, failure) => {
  expect(parse(`shop,s1,0,0,0,0,0,0,0,DOWN,${check},0,0,0,0,0,${said},`).checkFailure).toBe(failure);
});
