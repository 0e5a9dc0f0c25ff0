// npm run demo:production [-- --exit] [-- --json FILE]; as root on Debian.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import color from 'picocolors';
import { brokenPromises, summarize } from '../demo/figures.ts';
import { interruption } from '../demo/interruption.ts';
import { processesOf } from '../demo/left-behind.ts';
import { show, title } from '../demo/show.ts';
import { tour } from '../demo/tour.ts';
import { createWorkspace, removeWorkspace } from '../demo/workspace.ts';
import { helloProduction } from './config.ts';
import { HaproxySampler } from './haproxy-sampler.ts';
import { LabProduction } from './lab-production.ts';

const { values: options } = parseArgs({
  options: { exit: { type: 'boolean', default: false }, json: { type: 'string' } },
});

const workspace = await createWorkspace(helloProduction({ name: `demo-${process.pid}` }));
const production = new LabProduction(workspace, show);
let figures: Awaited<ReturnType<typeof story>> | undefined;
try {
  figures = await Promise.race([story(), interruption()]);
} finally {
  await production.end().catch((error: Error) => console.error(error.message));
  await removeWorkspace(workspace);
}
if (!figures) {
  console.error('Interrupted: the machines are gone, and everything else it made is removed.');
  process.exit(130);
}
const result = {
  ...figures,
  leftBehind: { processes: processesOf(workspace.folder).length, folder: existsSync(workspace.folder) },
};
title('What happened');
show(`machines       7 up in ${result.lab.hostsUpSeconds.toFixed(1)} s`);
show(
  `provision      ${result.provision.seconds.toFixed(1)} s; a second time nothing but looking: ${result.provision.secondRunChanged} changes`,
);
for (const line of summarize(result)) show(line);
for (const example of result.requests.examples) show(color.red(example));
if (options.json) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
const broken = [
  ...brokenPromises(result),
  ...(result.provision.secondRunChanged > 0 ? ['the second provision changed something'] : []),
  ...(result.rolling.longestGapMs > 50
    ? [`HAProxy was not looked at for ${result.rolling.longestGapMs} ms`]
    : []),
];
for (const promise of broken) console.error(color.red(`Not kept: ${promise}`));
process.exitCode = broken.length === 0 ? 0 : 1;

async function story() {
  title('Seven Debian machines on this one: fairway lab up');
  const hostsUpSeconds = await production.bringUp();
  title('Set up by Ansible: fairway provision');
  const first = await production.provision();
  title('And again, to see that nothing changes');
  const second = await production.provision();
  title('The control server: fairway serve');
  const watch = async () => {
    sampler = await HaproxySampler.start({
      sshConfigFile: production.lab.sshConfigFile,
      machine: 'lb1',
      app: 'hello',
    });
    return sampler;
  };
  let sampler: HaproxySampler | undefined;
  const told = await tour({
    workspace,
    watch,
    ...(process.stdout.isTTY && !options.exit && { beforeTheEnd: stayUp }),
  });
  return {
    ...told,
    rolling: { ...told.rolling, longestGapMs: sampler!.longestGapMs },
    lab: { hostsUpSeconds },
    provision: { seconds: first.seconds, secondRunSeconds: second.seconds, secondRunChanged: second.changed },
  };
}

async function stayUp(): Promise<void> {
  console.log(`\n${await production.fairway('status')}\n`);
  console.log('Ctrl-C ends the demo, takes the machines down and removes everything it made.');
  await interruption();
}
