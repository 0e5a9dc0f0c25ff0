import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { embeddedBalancer } from 'fairway/dist/balancer/embedded/client.js';
import { socketPath } from 'fairway/dist/hosts/local/socket-path.js';
import color from 'picocolors';
import { fairway, takeDown } from './control.ts';
import { brokenPromises, type Figures, summarize } from './figures.ts';
import { interruption } from './interruption.ts';
import { processesOf } from './left-behind.ts';
import { ServingSampler, servingInstances } from './sampler.ts';
import { show, title } from './show.ts';
import { type Lookout, tour } from './tour.ts';
import { createWorkspace, removeWorkspace, type Workspace } from './workspace.ts';

const { values: options } = parseArgs({
  options: { exit: { type: 'boolean', default: false }, json: { type: 'string' } },
});

const workspace = await createWorkspace();
let figures: Omit<Figures, 'leftBehind'> | undefined;
try {
  title('A production of one app on this machine: fairway serve');
  const taken = tour({
    workspace,
    watch: async () => embeddedLookout(workspace),
    ...(process.stdout.isTTY && !options.exit && { beforeTheEnd: () => stayUp(workspace) }),
  });
  figures = await Promise.race([taken, interruption()]);
} finally {
  await takeDown(workspace).catch((error: Error) => console.error(error.message));
  await removeWorkspace(workspace);
}
if (!figures) {
  console.error('Interrupted: everything it made is removed.');
  process.exit(130);
}
const result: Figures = {
  ...figures,
  leftBehind: { processes: processesOf(workspace.folder).length, folder: existsSync(workspace.folder) },
};
title('What happened');
for (const line of summarize(result)) show(line);
for (const example of result.requests.examples) show(color.red(example));
if (options.json) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
const broken = brokenPromises(result);
for (const promise of broken) console.error(color.red(`Not kept: ${promise}`));
process.exitCode = broken.length === 0 ? 0 : 1;

function embeddedLookout(place: Workspace): Lookout {
  const balancer = embeddedBalancer({ socketPath: socketPath(place.state, 'balancer/balancer.sock') });
  const sampler = new ServingSampler(balancer, 'hello');
  return {
    take: () => sampler.take(),
    servingNow: async () => servingInstances(await balancer.observe(), 'hello'),
    stop: () => sampler.stop(),
  };
}

async function stayUp(place: Workspace): Promise<void> {
  const { stdout } = await fairway(place, ['status']);
  console.log(`\n${stdout}\n`);
  console.log(`Look around in another terminal, for example:\n`);
  console.log(`  cd ${place.folder}/production && npx --prefix ${process.cwd()} fairway status --watch\n`);
  console.log('Ctrl-C ends the demo and removes everything it made.');
  await interruption();
}
