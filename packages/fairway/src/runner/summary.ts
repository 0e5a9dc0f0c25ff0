import type { Plan } from '../rollout/plan.ts';
import { printable } from '../rollout/printable.ts';

/** One sentence on what a plan is about, said before its first step. */
export function summarize(plan: Plan): string {
  const { target, previous, policy } = plan;
  const count = target.instances.length;
  if (target.generation === undefined)
    return `removing ${plan.app}: ${instances(previous.instances.length)} drained, stopped and forgotten`;
  const release = printable(target.generation.split('+')[0]!);
  if (previous.generation === undefined)
    return `first deploy of ${plan.app}: release ${release} on ${instances(count)}`;
  const from = previous.generation.split('+')[0]!;
  const scale =
    previous.instances.length === count ? '' : `, from ${previous.instances.length} to ${instances(count)}`;
  if (previous.generation === target.generation)
    return scale === '' && previous.pin === target.pin
      ? `${plan.app} already runs release ${release} with this configuration`
      : `${plan.app} keeps release ${release}${scale || ', its routes and limits change'}`;
  const way =
    policy.surge > 0
      ? `up to ${policy.surge} at once beside the old ones`
      : `in place, at most ${policy.maxUnavailable} out of service`;
  const what = from === release ? `release ${release} with its new configuration` : `${from} → ${release}`;
  if (policy.strategy === 'canary') {
    const shares = policy.steps.map(({ shareBasisPoints }) => `${shareBasisPoints / 100} %`).join(', ');
    return `canary of ${plan.app}: ${what}${scale} on ${instances(count)}, for ${shares} of the users`;
  }
  return `rolling update of ${plan.app}: ${what}${scale} on ${instances(count)}, ${way}`;
}

function instances(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}
