// npm run bench:decide [-- --json FILE]: what a whole rollout's decisions cost, for 10 to 10,000 instances.
//
// The world is ideal (every action works at once) and rehearsed, so all the time is the decisions'. The fleet is told each
// change, as a watch would tell it. Goal: ten times the instances cost at most fifteen times the decisions' time, so nearly linear.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { advance } from '../dist/rollout/advance.js';
import { decide } from '../dist/rollout/decide.js';
import { Fleet } from '../dist/rollout/fleet.js';
import { afterAction } from '../dist/rollout/ideal.js';
import { slotId } from '../dist/rollout/slot.js';
import { begin, goalOf } from '../dist/rollout/state.js';

const COMPARED = [100, 1_000];
const OTHERS = [10, 10_000];
const GOAL = 15;
const ROUNDS = 40;
const ROUNDS_OF_OTHERS = 6;
/** Instances rolled out in one measurement. */
const WORK = 2_000;

const { values } = parseArgs({ options: { json: { type: 'string' } } });

const ways = [
  { name: 'in place, max_unavailable 1', policyFor: () => ({ maxUnavailable: 1, surge: 0 }) },
  { name: 'surge, all at once', policyFor: (instances) => ({ maxUnavailable: 1, surge: instances }) },
];

// The two that are compared take turns, so that whatever else the machine does falls on both alike: each pair gives a ratio,
// and the one in the middle counts. The others come after them, since what a large one leaves behind is cleared away at the cost of whoever is next.
const cases = ways.flatMap((way) => {
  const compared = COMPARED.map((instances) => rehearsed(way, instances));
  for (let round = 0; round < ROUNDS; round += 1) for (const one of compared) measure(one);
  const others = OTHERS.map((instances) => measure(rehearsed(way, instances), ROUNDS_OF_OTHERS));
  return [...compared, ...others].sort((a, b) => a.instances - b.instances);
});
const results = cases.map(({ way, instances, rounds, msOfRounds }) => {
  const ms = median(msOfRounds);
  return { way, instances, decisions: rounds.length, ms, usPerDecision: (ms * 1_000) / rounds.length };
});

const ratios = ways.map(({ name }) => {
  const [few, many] = COMPARED.map((size) => roundsOf(name, size));
  return { way: name, ratio: median(many.map((ms, round) => ms / few[round])), goal: GOAL };
});
print();
if (values.json) writeFileSync(values.json, `${JSON.stringify({ results, ratios }, undefined, 2)}\n`);
if (ratios.some(({ ratio, goal }) => !(ratio <= goal))) process.exitCode = 1;

/** What a world where every action works at once would answer, round by round; found by one rollout that is not measured. */
function rehearse(plan, before) {
  const world = new Map(before.map((slot) => [slotId(slot.slot), slot]));
  const rounds = [];
  rollOut(plan, before, (actions, now) => {
    const seen = [];
    for (const { action } of actions) {
      if (!('slot' in action)) continue;
      const slot = afterAction(world.get(slotId(action.slot)), action, now);
      world.set(slotId(action.slot), slot);
      seen.push(slot);
    }
    rounds.push(seen);
    return seen;
  });
  return rounds;
}

/** Decides one rollout to its end, and keeps state and fleet up to date. */
function rollOut(plan, before, answer) {
  const state = begin(plan, 0);
  const fleet = new Fleet(goalOf(state), before, true);
  for (let now = 0; !state.finished; now += 1) {
    const { events, actions } = decide(state, fleet, now);
    for (const event of events) advance(state, event, now);
    for (const slot of answer(actions, now)) fleet.see(slot);
    for (const { id } of actions) advance(state, { type: 'action-done', id }, now);
  }
  if (state.finished.outcome !== 'succeeded') throw new Error(`ended as ${state.finished.outcome}`);
}

function rehearsed({ name, policyFor }, instances) {
  const plan = planFor(instances, policyFor(instances));
  const before = plan.previous.instances.map((instance) => serving(instance.name));
  return { way: name, instances, plan, before, rounds: rehearse(plan, before), msOfRounds: [] };
}

/** Notes the processor time of one rollout in ms; each measurement has about the same work, whatever the size. */
function measure(one, rounds = 1) {
  const { instances, plan, before, rounds: answers, msOfRounds } = one;
  const repetitions = Math.max(1, WORK / instances);
  for (let round = 0; round < rounds; round += 1) {
    const used = process.cpuUsage();
    for (let count = 0; count < repetitions; count += 1) rollOut(plan, before, (_, now) => answers[now]);
    msOfRounds.push(process.cpuUsage(used).user / 1_000 / repetitions);
  }
  return one;
}

function planFor(instances, policy) {
  const placed = Array.from({ length: instances }, (_, index) => ({ name: `${index + 1}`, host: 'local' }));
  return {
    app: 'web',
    target: { generation: 'new+c0', pin: 'new', instances: placed },
    previous: { generation: 'old+c0', pin: 'old', instances: placed },
    policy: {
      strategy: 'rolling',
      soakMs: 0,
      startTimeoutMs: 60_000,
      drainTimeoutMs: 30_000,
      stallTimeoutMs: 600_000,
      ...policy,
    },
    hooks: { beforeDeploy: false, afterDeploy: false },
  };
}

function serving(instance) {
  return {
    slot: { app: 'web', instance, slot: 'a' },
    host: 'local',
    process: 'running',
    generation: 'old+c0',
    startedAt: 0,
    restarts: 0,
    pool: 'serving',
    poolGeneration: 'old+c0',
    healthy: true,
    inFlight: 0,
  };
}

function roundsOf(way, instances) {
  return cases.find((one) => one.way === way && one.instances === instances).msOfRounds;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function print() {
  console.log('way                          instances  decisions          ms  µs/decision');
  for (const { way, instances, decisions, ms, usPerDecision } of results)
    console.log(
      `${way.padEnd(28)} ${String(instances).padStart(9)} ${String(decisions).padStart(10)} ` +
        `${ms.toFixed(2).padStart(11)} ${usPerDecision.toFixed(1).padStart(12)}`,
    );
  for (const { way, ratio, goal } of ratios)
    console.log(
      `t(1,000)/t(100), ${way}: ${ratio.toFixed(1)} (goal: at most ${goal}) ${ratio <= goal ? 'met' : 'MISSED'}`,
    );
}
