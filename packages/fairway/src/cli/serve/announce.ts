import { printable } from '../../rollout/printable.ts';
import { readServerFile } from '../client/location.ts';
import { Client } from '../client.ts';
import type { Context } from '../context.ts';
import { shellWord } from '../remote-lines.ts';

/** Where everything is, and what to type next. */
export async function announce(context: Context, stateDirectory: string): Promise<void> {
  const { paint, symbols } = context.style;
  const { url } = await readServerFile(stateDirectory);
  const client = new Client({ whereabouts: { kind: 'state', stateDirectory } });
  const overview = await client.overview();
  context.print(
    `${paint.bold(paint.green(symbols.good))} ${paint.bold(printable(overview.production))} is up`,
    `  visitors   ${overview.balancerUrl}`,
    `  control    ${url}`,
    `  state      ${stateDirectory}`,
  );
  if (overview.configProblems.length > 0) {
    context.print('', paint.red(`${symbols.bad} fairway.yml cannot be used; what runs keeps running:`));
    context.print(...overview.configProblems.map((problem) => `  ${printable(problem)}`));
    return;
  }
  context.print('', 'To deploy, in the clone of an app:');
  for (const { app, config } of overview.apps) {
    if (!config) continue;
    const path = await client.repository(app);
    context.print(
      `  ${paint.bold(app)}  git remote add fairway ${shellWord(path)}`,
      `  ${' '.repeat(app.length)}  git push fairway HEAD:${config.deploy.branch}`,
    );
  }
  context.print('');
}
