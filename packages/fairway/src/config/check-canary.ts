import type { CrossFinding } from './check-app.ts';
import { finding, unfit } from './finding.ts';
import { instancesForShare } from './resolve-canary.ts';
import type { AppSection } from './schema/app-schema.ts';
import type { Path } from './yaml-tree.ts';

const KEYS = ['canary', 'steps', 'bake', 'judge'] as const;

/** What only strategy canary has, steps that do not grow, and a canary that could not carry its share. */
export function checkCanary(
  { deploy }: AppSection,
  instances: number,
  appPath: Path,
): readonly CrossFinding[] {
  const at = [...appPath, 'deploy'];
  const strategyPath = [...at, 'strategy'];
  if (deploy.strategy !== 'canary') {
    return KEYS.filter((key) => deploy[key] !== undefined).map((key) => {
      const message = `found ${key} with strategy ${deploy.strategy}, expected it with strategy canary only`;
      const suggestion = 'Write strategy: canary, or leave it out.';
      return { finding: finding([...at, key], 'key', message, suggestion), uses: [strategyPath] };
    });
  }
  const stepsPath = [...at, 'steps'];
  const steps = deploy.steps ?? [];
  const found: CrossFinding[] = steps.flatMap(({ share }, index) => {
    const before = steps[index - 1]?.share ?? 0;
    if (share > before) return [];
    const expected = `more than ${before / 100}%, the share of the step before`;
    return [
      {
        finding: unfit([...stepsPath, index, 'share'], `${share / 100}%`, expected),
        uses: [stepsPath],
      },
    ];
  });
  return [...found, ...checkSize(deploy, instances, at)];
}

function checkSize(deploy: AppSection['deploy'], instances: number, at: Path): readonly CrossFinding[] {
  const count = deploy.canary?.instances;
  if (typeof count !== 'number' || instances === 0) return [];
  const path = [...at, 'canary', 'instances'];
  const uses = [path, [...at, 'steps'], [...at.slice(0, -1), 'instances']];
  if (count > instances) {
    const message = `found ${count}, expected at most ${instances}: each runs beside one of the app's own`;
    return [{ finding: finding(path, 'value', message, 'Write instances: auto.'), uses }];
  }
  const largest = Math.max(...(deploy.steps?.map(({ share }) => share) ?? [5000]));
  const needed = instancesForShare(largest, instances);
  if (count >= needed) return [];
  const message =
    `found ${count}, expected at least ${needed}: with ${instances} instances fewer could not carry the step of ` +
    `${largest / 100}%`;
  return [{ finding: finding(path, 'value', message, 'Write instances: auto.'), uses }];
}
