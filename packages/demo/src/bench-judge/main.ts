// npm run bench:judge [-- --identical N --worse N --json FILE]
// How often the judge errs, by seeded simulation: identical releases condemned, worse ones missed.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Canary, condemned } from './canaries.ts';
import { wilson } from './chance.ts';
import { FAILING, IDENTICAL, SLOW, SLOW_TAIL } from './scenes.ts';

const { values } = parseArgs({
  options: {
    identical: { type: 'string', default: '10000' },
    worse: { type: 'string', default: '2000' },
    json: { type: 'string' },
  },
});
const identical = Number(values.identical);
const worse = Number(values.worse);

type Goal = { readonly atMost: number } | { readonly above: number };

const results = [
  ...IDENTICAL.map((plan) => measure(`identical, ${plan.name}`, plan, identical, { atMost: 0.01 })),
  measure('5 % failures against 0.5 %', FAILING, worse, { above: 0.99 }),
  measure('times twice as long', SLOW, worse, { above: 0.95 }),
  measure('a tail that doubles the p95', SLOW_TAIL, worse, { above: 0.95 }),
];
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exitCode = results.every(({ isMet }) => isMet) ? 0 : 1;

function measure(name: string, plan: Canary, trials: number, goal: Goal) {
  const hits = condemned(plan, trials);
  const { from, to } = wilson(hits, trials);
  const part = hits / trials;
  const isMet = 'atMost' in goal ? part <= goal.atMost : part > goal.above;
  const wanted = 'atMost' in goal ? `≤ ${percent(goal.atMost)}` : `> ${percent(goal.above)}`;
  const interval = `95 %: ${percent(from)} to ${percent(to)}`;
  console.log(
    `${isMet ? '✔' : '✖'} ${name}: ${hits} of ${trials} condemned, ${percent(part)} (${interval}; goal ${wanted})`,
  );
  return { name, trials, condemned: hits, from, to, isMet };
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}
