import type { Action } from './actions.ts';
import type { Fleet } from './fleet.ts';
import { areWantedSettled } from './instance-steps.ts';
import type { RolloutState } from './state.ts';

/** Before any instance is touched: the release on the hosts, the migration, the routes of a new app. */
export function prelude(state: RolloutState, fleet: Fleet): Action | undefined {
  const { generation, pin, instances } = fleet.goal;
  if (generation === undefined || pin === undefined) return undefined;
  const isBack = state.direction === 'back';
  // Where everything is in place already, going back asks nothing of the hosts: one of them may be the trouble.
  const isNeeded = !isBack || !areWantedSettled(fleet);
  if (isNeeded && !state.installed.has(generation))
    return { kind: 'install', generation, hosts: [...new Set(instances.map(({ host }) => host))] };
  if (!isBack && state.plan.hooks.beforeDeploy && !state.hooks.has('before_deploy'))
    return { kind: 'hook', hook: 'before_deploy', generation, pin, host: instances[0]!.host };
  if (!fleet.declared) return { kind: 'declare', pin };
  return undefined;
}

/** After every instance has reached the goal: its routes (never before it can serve them), the closing hook. */
export function epilogue(state: RolloutState, fleet: Fleet): Action | undefined {
  const { generation, pin, instances } = fleet.goal;
  if (generation === undefined || pin === undefined)
    return fleet.declared && !state.forgotten ? { kind: 'forget' } : undefined;
  const isBack = state.direction === 'back';
  // Going back, the old routes still stand unless this rollout has changed them.
  const isCurrent = state.declaredPin === pin || (isBack && !state.routesTouched);
  if (!isCurrent) return { kind: 'declare', pin };
  if (!isBack && state.plan.hooks.afterDeploy && !state.hooks.has('after_deploy'))
    return { kind: 'hook', hook: 'after_deploy', generation, pin, host: instances[0]!.host };
  return undefined;
}
