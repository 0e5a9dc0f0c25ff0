// npm run bench:deploy [-- --rounds N --boots 0,1500,5000 --only NAME,… --json FILE]; as root on Debian.
// A whole update of five machines behind HAProxy, by Fairway and by what teams use today, taking turns on the same machines.
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { interruption } from '../demo/interruption.ts';
import type { Contender } from './contender.ts';
import { ansible } from './contenders/ansible.ts';
import { type PeerFrontend, peerBalancerConfig } from './contenders/balancer-config.ts';
import { capistrano } from './contenders/capistrano.ts';
import { fairwayContender } from './contenders/fairway.ts';
import { type Measured, measure } from './measure.ts';
import { Peers } from './peers.ts';
import { BenchProduction } from './production.ts';
import { missedGoals, type Row, table } from './report.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    boots: { type: 'string', default: '0,1500,5000' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const boots = values.boots.split(',').map(Number);
const only = values.only?.split(',');

const frontends: readonly PeerFrontend[] = [
  { name: 'ansible', port: 8001, retries: 'default' },
  { name: 'ansible-gated', port: 8002, retries: 'default' },
  { name: 'ansible-retries', port: 8003, retries: 'strong' },
  { name: 'capistrano', port: 8004, retries: 'default' },
];

const folder = await realpath(await mkdtemp(join(tmpdir(), 'fairway-bench-deploy-')));
const production = await BenchProduction.create(folder);
let peers: Peers | undefined;
let results: Row[] | undefined;
try {
  results = await Promise.race([compare(), interruption()]);
} finally {
  peers?.close();
  await production.end();
  await rm(folder, { recursive: true, force: true });
}
if (!results) {
  console.error('Interrupted: everything it made is removed.');
  process.exit(130);
}
console.log(table(results).join('\n'));
if (values.json) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
const missed = missedGoals(results);
for (const miss of missed) console.error(`Goal missed: ${miss}`);
process.exitCode = missed.length === 0 ? 0 : 1;

async function compare(): Promise<Row[]> {
  await production.start();
  peers = new Peers({ ...production.machines(), folder, gitPort: 9418 });
  await peers.open();
  await peers.startBalancer(
    peerBalancerConfig(frontends, peers.appHosts, ({ name }) => peers!.appPort(name)),
  );
  const contenders = [
    fairwayContender(production.contender('fairway, in place', 'inplace')),
    fairwayContender(production.contender('fairway, surge', 'surge')),
    ansible(peers, 'ansible', 8001, false),
    ansible(peers, 'ansible-gated', 8002, true),
    ansible(peers, 'ansible-retries', 8003, false),
    capistrano(peers, 'capistrano', 8004),
  ].filter(({ name }) => !only || only.some((wanted) => name.includes(wanted)));
  const rows: Row[] = [];
  for (const bootMs of boots) rows.push(...(await takeTurns(contenders, bootMs)));
  return rows;
}

/** Each round begins with another contender: nobody always comes first. */
async function takeTurns(contenders: readonly Contender[], bootMs: number): Promise<Row[]> {
  const runs = new Map<string, Measured[]>();
  for (const { name, prepare } of contenders) {
    await prepare(bootMs);
    runs.set(name, []);
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length]!;
      const measured = await measure(contender, production.balancerAddress, `${bootMs}-${round}`);
      runs.get(contender.name)!.push(measured);
      const { seconds, failed, stalled, sent } = measured;
      console.error(
        `boot ${bootMs} ms, round ${round + 1}: ${contender.name} ${seconds.toFixed(1)} s, ${failed} failed, ${stalled} stalled of ${sent}`,
      );
    }
  }
  return [...runs].map(([contender, measured]) => ({ contender, bootMs, runs: measured }));
}
