import { checkSingle } from '../../git/pre-receive.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type Report, renderReport, report } from '../output/report.ts';
import { readUpdates } from './updates.ts';

/**
 * Asks the control server whether the push may be accepted. Any other exit code than 0 makes git refuse it, before any
 * ref has moved.
 */
export async function preReceive(context: Context, app: string): Promise<ExitCode> {
  try {
    const updates = await readUpdates(context.surroundings);
    checkSingle(updates);
    const client = await context.client();
    for (const update of updates) await client.checkPush(app, update);
    return EXIT.success;
  } catch (error) {
    const { env } = context.surroundings;
    const refusal = report(error, { debug: env.FAIRWAY_DEBUG === '1', logFile: undefined });
    context.note(...renderRefusal(refusal, context));
    return EXIT.failed;
  }
}

function renderRefusal(refusal: Report, context: Context): string[] {
  const [what = '', ...rest] = renderReport(refusal, context.style);
  const nothing = refusal.what.includes('nothing was changed') ? [] : ['Nothing was changed.'];
  return ['', what.replace('Error:', 'Not accepted:'), ...rest, ...nothing, ''];
}
