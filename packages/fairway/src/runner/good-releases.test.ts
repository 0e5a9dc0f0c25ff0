import { expect, it } from 'vitest';
import type { Standing } from '../store/store.ts';
import { goodReleases, releasesToKeep, standingOfRelease } from './good-releases.ts';

/** Newest first, as a store gives them; written oldest first. */
function stood(...releases: readonly string[]): readonly Standing[] {
  return releases
    .map((release, index) => ({ release, config: `c${index}`, rollout: `web-${index}`, since: index }))
    .reverse();
}

function good(...releases: readonly string[]): readonly string[] {
  return goodReleases(stood(...releases)).map(({ release }) => release);
}

it('going back leaves what came after it', () => {
  expect(good('r1', 'r2', 'r1', 'r3')).toEqual(['r3', 'r1']);
  expect(good('r1', 'r2', 'r3', 'r2', 'r1', 'r4')).toEqual(['r4', 'r1']);
});

it('what was left is good again once it stands again', () => {
  expect(good('r1', 'r2', 'r1', 'r2', 'r3')).toEqual(['r3', 'r2', 'r1']);
});

it('a release is gone back to as it stood last, with its newest configuration', () => {
  expect(goodReleases(stood('r1', 'r2', 'r2', 'r3'))[1]).toMatchObject({ release: 'r2', config: 'c2' });
});

it('each release says how it stands', () => {
  const standings = stood('r1', 'r2', 'r1', 'r3');
  expect(['r1', 'r2', 'r3', 'r4'].map((release) => standingOfRelease(release, standings))).toEqual([
    'good',
    'left',
    'current',
    'untried',
  ]);
});

it('releases that were left never take the place of good ones that are kept', () => {
  const standings = stood('r1', 'r2', 'bad1', 'r2', 'bad2', 'r2', 'bad3', 'r2');
  expect(releasesToKeep(standings, 2)).toEqual(['r2', 'r1']);
  expect(releasesToKeep(standings, 4)).toEqual(['r2', 'r1', 'bad3', 'bad2']);
});
