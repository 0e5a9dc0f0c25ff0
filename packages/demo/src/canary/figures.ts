import type { Visit } from './users.ts';

/** What the demo measured of its canaries. */
export interface CanaryFigures {
  /** In percent of new users. */
  readonly shareAsked: number;
  readonly shareSeen: number;
  readonly newUsers: number;
  /** Users who had been on the canary, and were sent to the old release again while its share grew. */
  readonly usersMovedBack: number;
  readonly promoted: boolean;
  /** What the judge said of a release that fails three requests of ten, and of one that answers late. */
  readonly judgeVerdict: string;
  readonly latencyVerdict: string;
  /** From sending the alert to its answer, by when the share was 0. */
  readonly alertToZeroMs: number;
  /** Requests that began after the answer and reached the canary all the same. */
  readonly afterAbort: number;
  /** Requests that failed, but for those that the faulty release itself answered with an error. */
  readonly failed: number;
  readonly requests: number;
}

/** The part of new users that a release got, in percent. */
export function shareOf(
  visits: readonly Visit[],
  release: string,
): { readonly percent: number; readonly users: number } {
  const first = visits.filter((visit) => visit.isFirst && visit.release !== undefined);
  const taken = first.filter((visit) => visit.release === release).length;
  return { percent: first.length === 0 ? 0 : (100 * taken) / first.length, users: first.length };
}

/** How many users a release had and lost again: visits in the order in which they began. */
export function movedBack(visits: readonly Visit[], release: string): number {
  const had = new Set<number>();
  const lost = new Set<number>();
  for (const visit of visits.toSorted((one, other) => one.startedAt - other.startedAt)) {
    if (visit.release === release) had.add(visit.user);
    else if (visit.release !== undefined && had.has(visit.user)) lost.add(visit.user);
  }
  return lost.size;
}

export function summarizeCanary(figures: CanaryFigures): readonly string[] {
  const { shareAsked, shareSeen, newUsers, usersMovedBack, failed, requests } = figures;
  return [
    `canary         ${figures.promoted ? 'promoted' : 'NOT PROMOTED'}; ${shareSeen.toFixed(1)} % of ${newUsers} new users for ${shareAsked} % asked, ${usersMovedBack} users moved back`,
    `a faulty one   ${figures.judgeVerdict || 'NOT CAUGHT'}`,
    `a slow one     ${figures.latencyVerdict || 'NOT CAUGHT'}`,
    `alert          answered in ${figures.alertToZeroMs} ms; ${figures.afterAbort} requests reached the canary afterwards`,
    `their users    ${requests} requests, ${failed} failed`,
  ];
}

export function brokenByCanary(figures: CanaryFigures): readonly string[] {
  const { shareAsked, shareSeen, usersMovedBack, afterAbort, failed } = figures;
  return [
    !figures.promoted && 'the healthy canary was not promoted',
    Math.abs(shareSeen - shareAsked) > 1 && `the canary got ${shareSeen} % of new users, not ${shareAsked} %`,
    usersMovedBack > 0 && `${usersMovedBack} users were moved back while the share grew`,
    figures.judgeVerdict === '' && 'the judge did not catch the faulty canary',
    figures.latencyVerdict === '' && 'the judge did not catch the slow canary',
    afterAbort > 0 && `${afterAbort} requests reached the canary after the alert was answered`,
    failed > 0 && `${failed} requests failed because of canaries`,
  ].filter((broken) => broken !== false);
}
