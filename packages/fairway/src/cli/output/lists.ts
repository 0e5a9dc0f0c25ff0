import { printable } from '../../rollout/printable.ts';
import type { AuditEntry, Release, RolloutRecord, TokenRecord } from '../../server/api.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';
import { ago, localTime } from './times.ts';
import { shortCommit, statusCell, subjectOf } from './words.ts';

export function renderReleases(releases: readonly Release[], now: number, style: Style): string[] {
  const paintOf = {
    current: style.paint.green,
    good: String,
    left: style.paint.dim,
    untried: style.paint.dim,
  };
  return renderTable(
    [
      { title: 'RELEASE' },
      { title: 'COMMIT' },
      { title: 'STANDING' },
      { title: 'BUILT' },
      { title: 'SIZE' },
      { title: 'SUBJECT', flexible: true },
    ],
    releases.map((release) => [
      { text: release.id },
      { text: shortCommit(release.commit), paint: style.paint.cyan },
      { text: release.standing, paint: paintOf[release.standing] },
      { text: ago(release.builtAt, now) },
      { text: bytes(release.sizeBytes) },
      { text: printable(release.subject) },
    ]),
    style,
  );
}

export function renderRollouts(rollouts: readonly RolloutRecord[], now: number, style: Style): string[] {
  return renderTable(
    [
      { title: 'ROLLOUT' },
      { title: 'WHAT' },
      { title: 'STATUS' },
      { title: 'ASKED' },
      { title: 'BY' },
      { title: 'OUTCOME', flexible: true },
    ],
    rollouts.map((rollout) => [
      { text: rollout.id },
      { text: subjectOf(rollout) },
      statusCell(rollout.status, style),
      { text: ago(rollout.requestedAt, now) },
      { text: printable(rollout.by) },
      { text: printable(rollout.outcome ?? rollout.why) },
    ]),
    style,
  );
}

export function renderAudit(entries: readonly AuditEntry[], style: Style): string[] {
  return renderTable(
    [
      { title: 'WHEN' },
      { title: 'WHO' },
      { title: 'WHAT' },
      { title: 'SUBJECT' },
      { title: 'WHY', flexible: true },
    ],
    entries.map((entry) => [
      { text: localTime(entry.at) },
      { text: printable(entry.by) },
      { text: printable(entry.action) },
      { text: printable(entry.subject) },
      { text: printable(entry.why) },
    ]),
    style,
  );
}

export function renderTokens(tokens: readonly TokenRecord[], now: number, style: Style): string[] {
  return renderTable(
    [{ title: 'ID' }, { title: 'NAME' }, { title: 'ROLE' }, { title: 'MADE' }, { title: 'LAST USED' }],
    tokens.map((token) => [
      { text: token.id },
      { text: printable(token.name) },
      { text: token.role },
      { text: ago(token.createdAt, now) },
      { text: token.lastUsedAt === undefined ? 'never' : ago(token.lastUsedAt, now) },
    ]),
    style,
  );
}

/** Decimal units, as `ls --si` prints them. */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, size < 1 ? 0 : Math.floor(Math.log10(size) / 3));
  const value = size / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
