// npm run bench:balancer [-- --rounds N --seconds N --only a,b --post BYTES --answer BYTES --json FILE]
// Requests per second and p99 of the embedded balancer beside other proxies, all before the same two instances,
// taking turns within each round, so that whatever else the machine does falls on all of them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { contestants, processes } from './balancer/contestants.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '50' },
    post: { type: 'string', default: '0' },
    answer: { type: 'string', default: '200' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const only = values.only?.split(',');
const chosen = contestants().filter(({ name }) => !only || only.includes(name));
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'fairway-bench-'));
const { run, end } = processes();

try {
  const targets = [await freePort(), await freePort()];
  run(process.execPath, [here('balancer/instance.mjs'), values.answer, ...targets]);
  await Promise.all(targets.map(listening));
  for (const contestant of chosen) {
    contestant.port = await freePort();
    contestant.measured = [];
    await contestant.start(contestant.port, targets, folder, run);
    await listening(contestant.port);
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    // Each round begins with another one: nobody always comes first.
    for (let turn = 0; turn < chosen.length; turn++) {
      const contestant = chosen[(round + turn) % chosen.length];
      contestant.measured.push(await measure(contestant.port));
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1}: ${contestant.name.padEnd(20)}`);
    }
  }
  report();
} finally {
  await end();
  rmSync(folder, { recursive: true, force: true });
}

function report() {
  const results = chosen.map(({ name, measured }) => ({
    name,
    requestsPerSecond: median(measured.map((one) => one.requestsPerSecond)),
    p99Ms: median(measured.map((one) => one.p99Ms)),
    failures: measured.reduce((sum, one) => sum + one.failures, 0),
    measured,
  }));
  const reference = results.find(({ name }) => name === 'haproxy') ?? results[0];
  const own = results.find(({ name }) => name === 'fairway');
  results.sort((one, other) => other.requestsPerSecond - one.requestsPerSecond);
  for (const result of results) {
    result.ofReference = result.requestsPerSecond / reference.requestsPerSecond;
    // Per round, then the median: the two were measured seconds apart.
    if (own) {
      const ratios = own.measured.map(
        (one, round) => one.requestsPerSecond / result.measured[round].requestsPerSecond,
      );
      result.fairwayIsTimes = median(ratios);
      result.p99OfFairway = result.p99Ms / own.p99Ms;
    }
  }
  console.log(
    `\n${values.rounds} rounds of ${values.seconds} s, ${values.connections} connections, medians; ${cpus().length} CPUs, Node ${process.version}`,
  );
  console.table(
    results.map(
      ({ name, requestsPerSecond, ofReference, fairwayIsTimes, p99Ms, p99OfFairway, failures }) => ({
        name,
        'requests/s': Math.round(requestsPerSecond),
        [`of ${reference.name}`]: round2(ofReference),
        'fairway is ×': round2(fairwayIsTimes),
        'p99 ms': round2(p99Ms),
        'p99 / fairway': round2(p99OfFairway),
        failures,
      }),
    ),
  );
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ options: values, node: process.version, results }, null, 2)}\n`,
    );
}

async function measure(port) {
  const options = {
    port,
    connections: Number(values.connections),
    warmUpMs: 500,
    measureMs: Number(values.seconds) * 1000,
    postBytes: Number(values.post),
  };
  const load = spawn(process.execPath, [here('balancer/load.mjs'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of load.stdout) text += chunk;
  return JSON.parse(text);
}

async function listening(port) {
  const { connect } = await import('node:net');
  for (const deadline = Date.now() + 10_000; ; await delay(20)) {
    const answers = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (answers) return;
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port}`);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function round2(number) {
  return number === undefined ? undefined : Math.round(number * 100) / 100;
}
