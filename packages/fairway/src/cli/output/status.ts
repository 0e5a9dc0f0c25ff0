import { printable } from '../../rollout/printable.ts';
import type { AppOverview, CanaryProgress, Overview, RolloutRecord } from '../../server/api.ts';
import { type InstanceView, type SlotView, type Tone, viewInstances } from './instances.ts';
import type { Style } from './style.ts';
import { ago, span } from './times.ts';
import { displayWidth, fit } from './width.ts';
import { count, shortCommit, shortRelease, statusCell, subjectOf } from './words.ts';

const INDENT = '  ';

/** The whole production, or one app of it, at a glance. */
export function renderStatus(overview: Overview, style: Style): string[] {
  const { paint, symbols } = style;
  const lines = [`${paint.bold(printable(overview.production))} ${symbols.arrow} ${overview.balancerUrl}`];
  for (const part of overview.unreachable) {
    lines.push(paint.red(`${symbols.bad} cannot be reached: ${printable(part)}`));
  }
  if (overview.configProblems.length > 0) {
    lines.push(paint.red(`${symbols.bad} fairway.yml cannot be used; what runs keeps running:`));
    lines.push(...overview.configProblems.map((problem) => INDENT + printable(problem)));
  }
  if (overview.apps.length === 0) lines.push('', 'No apps. Add one to fairway.yml, then: fairway check');
  for (const app of overview.apps) lines.push('', ...renderApp(app, overview.at, style));
  return lines;
}

export function renderApp(app: AppOverview, now: number, style: Style): string[] {
  const { paint } = style;
  const instances = viewInstances(app);
  const lines = [renderHeader(app, instances, now, style)];
  if (app.standing || instances.some((instance) => instance.slots[0]?.word !== 'down')) {
    lines.push(...renderBlocks(app, instances, style), ...renderTrouble(instances, style));
  }
  if (app.rollout) lines.push(INDENT + renderRollout(app.rollout, now, style));
  if (app.canary) lines.push(...renderCanary(app.canary, now, style).map((line) => INDENT + line));
  for (const queued of app.queued) {
    lines.push(paint.yellow(`${INDENT}then ${subjectOf(queued)} by ${printable(queued.by)} (${queued.id})`));
  }
  const last = app.lastRollout;
  if (!app.rollout && (last?.status === 'failed' || last?.status === 'taken-back')) {
    lines.push(INDENT + renderRollout(last, now, style));
  }
  if (!app.config) lines.push(`${INDENT}no longer in fairway.yml; "fairway apply" removes it`);
  else if (!app.standing && !app.rollout) {
    lines.push(`${INDENT}not deployed yet; "fairway remote ${app.app}" says where to push`);
  }
  return lines;
}

function renderHeader(
  app: AppOverview,
  instances: readonly InstanceView[],
  now: number,
  style: Style,
): string {
  const { paint, symbols, columns } = style;
  const serving = instances.filter((instance) =>
    instance.slots.some((slot) => slot.word === 'serving'),
  ).length;
  const wanted = Math.max(app.config?.instances.length ?? 0, instances.length);
  const inFlight = instances
    .flatMap((instance) => instance.slots)
    .reduce((sum, slot) => sum + slot.inFlight, 0);
  const isKnown = app.pool !== undefined || !app.standing;
  const health = isKnown ? `${serving} of ${wanted} serving` : 'whether it serves is not known';
  const requests = inFlight > 0 ? `, ${count(inFlight, 'request')} under way` : '';
  const age = app.standing ? ago(app.standing.since, now) : '';
  const release = app.standing ? shortCommit(app.standing.commit) : '';

  const fixed = [app.app, release, age, health + requests].filter((part) => part !== '');
  const room = columns === undefined ? undefined : columns - displayWidth(fixed.join(INDENT)) - INDENT.length;
  const subject = app.standing && fit(printable(app.standing.subject), room, symbols.ellipsis);
  const paintHealth = serving === wanted ? paint.green : serving === 0 ? paint.red : paint.yellow;
  return [
    paint.bold(app.app),
    release && paint.cyan(release),
    subject,
    age && paint.dim(age),
    paintHealth(health) + requests,
  ]
    .filter((part) => part)
    .join(INDENT);
}

function renderBlocks(app: AppOverview, instances: readonly InstanceView[], style: Style): string[] {
  const blocks = instances.map((instance) => ({
    plain: `${instance.name} ${instance.slots.map((slot) => slotText(slot, app)).join(' + ')}`,
    painted: `${instance.name} ${instance.slots.map((slot) => toned(slot.tone, style)(slotText(slot, app))).join(' + ')}`,
  }));
  const lines: string[] = [];
  let width = Number.POSITIVE_INFINITY;
  for (const { plain, painted } of blocks) {
    const needed = INDENT.length + displayWidth(plain);
    if (width + needed <= (style.columns ?? Number.POSITIVE_INFINITY) && lines.length > 0) {
      lines[lines.length - 1] += INDENT + painted;
      width += needed;
    } else {
      lines.push(INDENT + painted);
      width = needed;
    }
  }
  return lines;
}

/** The release is worth its place only where it is not the one in the header. */
function slotText(slot: SlotView, app: AppOverview): string {
  const other = slot.release !== undefined && slot.release !== app.standing?.release;
  const left = slot.word === 'draining' && slot.inFlight > 0 ? ` (${slot.inFlight} left)` : '';
  return slot.word + left + (other ? ` ${shortRelease(slot.release)}` : '');
}

function renderTrouble(instances: readonly InstanceView[], style: Style): string[] {
  return instances.flatMap((instance) =>
    instance.slots
      .filter((slot) => slot.trouble !== undefined)
      .map((slot) => style.paint.red(`${INDENT}${instance.name}: ${printable(slot.trouble!)}`)),
  );
}

function renderRollout(rollout: RolloutRecord, now: number, style: Style): string {
  const status = statusCell(rollout.status, style);
  const when =
    rollout.finishedAt === undefined
      ? `for ${span(Math.max(0, now - rollout.requestedAt))}, by ${printable(rollout.by)}`
      : `${ago(rollout.finishedAt, now)}${rollout.outcome ? `: ${printable(rollout.outcome)}` : ''}`;
  return `${subjectOf(rollout)} ${status.paint?.(status.text) ?? status.text} ${when} (${rollout.id})`;
}

/** The canary's share, how long it has had it, and what the judge says. */
function renderCanary(
  { step, steps, since, verdict }: CanaryProgress,
  now: number,
  { paint }: Style,
): readonly string[] {
  const present = steps[step];
  if (!present) return ['canary: its instances are being started, no users yet'];
  const { shareBasisPoints, holdMs } = present;
  const hold = holdMs === 'manual' ? 'until it is promoted' : `of ${span(holdMs)}`;
  const line =
    `canary: ${shareBasisPoints / 100} % of the users, step ${step + 1} of ${steps.length}, ` +
    `for ${span(Math.max(0, now - since))} ${hold}`;
  if (!verdict) return [line];
  const tone = { pass: paint.green, fail: paint.red, inconclusive: paint.yellow }[verdict.outcome];
  return [line, `judge: ${tone(verdict.outcome)}, ${printable(verdict.sentence)}`];
}

function toned(tone: Tone, { paint }: Style): (text: string) => string {
  return { good: paint.green, moving: paint.yellow, bad: paint.red, quiet: paint.dim }[tone];
}
