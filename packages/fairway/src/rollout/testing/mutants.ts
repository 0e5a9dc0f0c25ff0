/** A small wrong change of the decisions. `find` occurs exactly once in `file`: the list fails when the code moves on. */
export interface Mutant {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The mistake, as a reviewer would name it. */
  readonly why: string;
}

export const mutants: readonly Mutant[] = [
  {
    why: 'one more instance than allowed may be out of service',
    file: 'instance-steps.ts',
    find: 'return fleet.operational - aboutToStop - (wanted - state.plan.policy.maxUnavailable);',
    replace: 'return fleet.operational - aboutToStop - (wanted - state.plan.policy.maxUnavailable) + 1;',
  },
  {
    why: 'the last one in the budget is overlooked: > instead of >=',
    file: 'rolling.ts',
    find: '(context.budget < 1 || !context.soaked)',
    replace: '(context.budget <= 1 || !context.soaked)',
  },
  {
    why: 'drains under way are not counted',
    file: 'instance-steps.ts',
    find: 'if (costsService(intent.action, fleet)) aboutToStop += 1;',
    replace: 'if (costsService(intent.action, fleet)) aboutToStop += 0;',
  },
  {
    why: 'drains of the same decision are not counted',
    file: 'instance-steps.ts',
    find: '      context.budget -= 1;',
    replace: '      context.budget -= 0;',
  },
  {
    why: 'one soak is skipped in place',
    file: 'instance-steps.ts',
    find: 'now >= lastAdmissionAt + soakMs;',
    replace: 'now >= lastAdmissionAt;',
  },
  {
    why: 'an admission under way, seen already, has no soak',
    file: 'instance-steps.ts',
    find: "  for (const { action } of underWay.values()) if (action.kind === 'admit') return false;\n",
    replace: '',
  },
  {
    why: 'the soak is skipped beside an old instance',
    file: 'rolling.ts',
    find: "  if (old?.pool === 'serving' && !context.soaked) return undefined;\n",
    replace: '',
  },
  {
    why: 'a failed or lost admission does not restart the soak',
    file: 'under-way.ts',
    find: "  if (action.kind === 'admit') state.lastAdmissionAt = at;\n",
    replace: '',
  },
  {
    why: 'an instance is admitted before it is healthy',
    file: 'rolling.ts',
    find: "return slot.healthy && slot.process === 'running' ?",
    replace: "return slot.process === 'running' ?",
  },
  {
    why: 'an instance is admitted while its process is gone, on its last health check',
    file: 'rolling.ts',
    find: "return slot.healthy && slot.process === 'running' ?",
    replace: 'return slot.healthy ?',
  },
  {
    why: 'a process is stopped while the balancer still knows it',
    file: 'rolling.ts',
    find: "  if (slot.pool !== 'absent') return leavePool(slot, context);\n  return { kind: 'stop'",
    replace: "  if (slot.pool === 'serving') return leavePool(slot, context);\n  return { kind: 'stop'",
  },
  {
    why: 'an instance leaves the balancer before its requests are over',
    file: 'rolling.ts',
    find: "      return undefined;\n    case 'out':",
    replace: "    case 'out':",
  },
  {
    why: 'the old one is taken out before the new one beside it is healthy',
    file: 'rolling.ts',
    find: '  if (!isOperational(slot)) return undefined;\n  const other',
    replace: '  const other',
  },
  {
    why: 'an abort is looked at last',
    file: 'verdict.ts',
    find: '  if (state.abort) return {',
    replace: "  if (state.abort && fleet.in('moving').size === 0) return {",
  },
  {
    why: 'a rollout that goes back can be condemned again',
    file: 'decide.ts',
    find: "if (state.direction === 'forward') {\n    const condemnation",
    replace: "if (state.direction === 'forward' || state.abort) {\n    const condemnation",
  },
  {
    why: 'the goal stays the target after an abort',
    file: 'state.ts',
    find: "return state.direction === 'forward' ? state.plan.target : state.plan.previous;",
    replace: 'return state.plan.target;',
  },
  {
    why: 'it goes on after the end',
    file: 'decide.ts',
    find: '  if (state.finished) return {',
    replace: '  if (state.finished && state.underWay.size > 0) return {',
  },
  {
    why: 'starts under way take no room beside old instances',
    file: 'instance-steps.ts',
    find: 'startsBeside(action, fleet)) starts += 1;',
    replace: 'startsBeside(action, fleet)) starts += 0;',
  },
  {
    why: 'a start under way beside an old instance is forgotten once the old one fails',
    file: 'instance-steps.ts',
    find: "if (action.kind === 'start' && startsBeside(action, fleet)) starts",
    replace: "if (action.kind === 'start' && fleet.progress(action.slot.instance) === 'outdated') starts",
  },
  {
    why: 'instances with both slots taken are not counted',
    file: 'instance-steps.ts',
    find: 'room: policy.surge - fleet.doubled - ',
    replace: 'room: policy.surge - ',
  },
  {
    why: 'what a dead controller had under way stays under way',
    file: 'advance.ts',
    find: '      for (const id of [...state.underWay.keys()]) land(state, id, at);\n',
    replace: '',
  },
  {
    why: 'time in which no controller looked is held against the release',
    file: 'advance.ts',
    find: "      state.watchedSince = at;\n      state.lastProgressAt = at;\n      holdAnew(state, at);\n      return;\n    case 'stumbled'",
    replace:
      "      state.lastProgressAt = at;\n      holdAnew(state, at);\n      return;\n    case 'stumbled'",
  },
  {
    why: 'the time in which an instance was not even checked is held against it',
    file: 'verdict.ts',
    find: "  if (slot.pool !== 'out' || slot.poolGeneration !== slot.generation) return undefined;\n",
    replace: '',
  },
  {
    why: 'crashes from before the rollout count',
    file: 'verdict.ts',
    find: 'slot.restarts >= CRASHES_TO_CONDEMN && isToBlame(state, id)',
    replace: 'slot.restarts >= CRASHES_TO_CONDEMN',
  },
  {
    why: 'everything is taken out at once while a shared database is down',
    file: 'instance-steps.ts',
    find: '        if (tries < 1) continue;\n',
    replace: '',
  },
  {
    why: 'broken instances wait for the budget like the others',
    file: 'instance-steps.ts',
    find: '  for (const name of brokenInTurn(state, fleet)) consider(name);',
    replace: '  for (const name of brokenInTurn(state, fleet)) if (context.budget > 0) consider(name);',
  },
  {
    why: 'broken instances come last',
    file: 'instance-steps.ts',
    find: '  for (const name of brokenInTurn(state, fleet)) consider(name);',
    replace:
      "  for (const name of brokenInTurn(state, fleet)) if (fleet.in('outdated').size === 0) consider(name);",
  },
  {
    why: 'both slots of an instance are worked on at once',
    file: 'instance-steps.ts',
    find: '    if (state.busy.has(name)) return;\n',
    replace: '',
  },
  {
    why: 'an instance in both whose slots something old serves is never cleared',
    file: 'instance-steps.ts',
    find: "  for (const name of fleet.in('crowded')) consider(name);\n",
    replace: '',
  },
  {
    why: 'leftovers of instances that are not wanted take the room to start beside',
    file: 'fleet.ts',
    find: 'return instance.wanted && !isClean',
    replace: 'return !isClean',
  },
  {
    why: 'it starts in a slot that is still taken',
    file: 'observation.ts',
    find: "((slot.process === 'absent' || slot.process === 'stopped') && slot.pool === 'absent')",
    replace: "(slot.process === 'absent' || slot.process === 'stopped' || slot.pool === 'absent')",
  },
  {
    why: 'instances start before the release is on their hosts',
    file: 'app-actions.ts',
    find: 'const isNeeded = !isBack ||',
    replace: 'const isNeeded = isBack &&',
  },
  {
    why: 'before_deploy is skipped',
    file: 'app-actions.ts',
    find: "!isBack && state.plan.hooks.beforeDeploy && !state.hooks.has('before_deploy')",
    replace: "isBack && state.plan.hooks.beforeDeploy && !state.hooks.has('before_deploy')",
  },
  {
    why: 'before_deploy runs for every instance',
    file: 'under-way.ts',
    find: "if (action.kind === 'hook') state.hooks.set(action.hook, 'done');",
    replace:
      "if (action.kind === 'hook' && action.hook === 'after_deploy') state.hooks.set(action.hook, 'done');",
  },
  {
    why: 'routes that may have been changed are not put back',
    file: 'under-way.ts',
    find: '    state.routesTouched = true;\n',
    replace: '',
  },
  {
    why: 'capacity that is to go goes first',
    file: 'instance-steps.ts',
    find: 'return fleet.operational - aboutToStop',
    replace: "return fleet.in('surplus').size + fleet.operational - aboutToStop",
  },
  {
    why: 'the end is called before the last instance is there',
    file: 'decide.ts',
    find: "areWantedSettled(fleet) && fleet.in('surplus').size === 0 && state.underWay.size === 0;",
    replace: 'areWantedSettled(fleet) && state.underWay.size === 0;',
  },
  {
    why: 'a slot that was seen before is counted twice',
    file: 'fleet.ts',
    find: 'this.#operational += Number(isServing) - Number(filed.isOperational);',
    replace: 'this.#operational += Number(isServing);',
  },
  {
    why: 'a journal that is read twice gives another number',
    file: 'under-way.ts',
    find: 'state.nextAction = Math.max(state.nextAction, Number.parseInt(id, 10) + 1);',
    replace: 'state.nextAction += state.touched.size === 0 ? 1 : 0;',
  },
  {
    why: 'a pause is not heard',
    file: 'instance-steps.ts',
    find: '  if (state.paused) return actions;\n',
    replace: '',
  },
  {
    why: 'something is begun after an abort that was said while it looked',
    file: 'outdated.ts',
    find: '  if (meanwhile.some(({ event }) => WORDS.has(event.type))) return true;\n',
    replace: '',
  },
  {
    why: 'it ends on the strength of what an action has just changed',
    file: 'outdated.ts',
    find: 'return isTurn && meanwhile',
    replace: 'return false && isTurn && meanwhile',
  },
  {
    why: 'what is healthy and waits to be admitted is condemned as unhealthy',
    file: 'verdict.ts',
    find: "answers({ ...slot, pool: 'serving' })",
    replace: 'answers(slot)',
  },
  {
    why: 'the share grows before its instances answer',
    file: 'canary.ts',
    find: 'state.paused || !carries(fleet, step)) return staging;',
    replace: 'state.paused) return staging;',
  },
  {
    why: 'the share grows while paused',
    file: 'canary.ts',
    find: 'if (staging.length > 0 || state.paused || !carries',
    replace: 'if (staging.length > 0 || !carries',
  },
  {
    why: 'a canary goes into the balancer on the side of the stable instances',
    file: 'rolling.ts',
    find: '...(side && { side }) };',
    replace: '};',
  },
  {
    why: 'what is stable counts the canary in',
    file: 'observation.ts',
    find: "return answers(slot) && slot?.side !== 'canary';",
    replace: 'return answers(slot);',
  },
  {
    why: 'going back, the share is taken to 0 last',
    file: 'decide.ts',
    find: 'takeShareBack(state, fleet) ?? prelude(state, fleet);',
    replace: 'prelude(state, fleet);',
  },
  {
    why: 'a canary that does worse stays',
    file: 'canary-trouble.ts',
    find: "if (verdict?.outcome === 'fail')",
    replace: "if (verdict?.outcome === 'fail' && moving.canary.step < 0)",
  },
  {
    why: 'a share that somebody has taken to 0 is raised again',
    file: 'canary-trouble.ts',
    find: 'if (!isTakenBack(state, fleet, moving)) return undefined;',
    replace: 'if (state) return undefined;',
  },
  {
    why: 'a step does not last its time',
    file: 'canary-hold.ts',
    find: "if (holdMs === 'manual' || now < canary.since + holdMs) return undefined;",
    replace: "if (holdMs === 'manual') return undefined;",
  },
  {
    why: 'a step that is to be promoted by hand goes on by itself',
    file: 'canary-hold.ts',
    find: "if (holdMs === 'manual' || now < canary.since + holdMs) return undefined;",
    replace: "if (holdMs !== 'manual' && now < canary.since + holdMs) return undefined;",
  },
  {
    why: 'silence passes a step',
    file: 'canary-hold.ts',
    find: "return verdict?.outcome === 'pass' ? verdict.sentence : undefined;",
    replace: "return verdict?.outcome === 'fail' ? undefined : 'no complaint';",
  },
  {
    why: 'time in which no controller looked counts as a part of the step',
    file: 'advance.ts',
    find: '  canary.since = at;\n  canary.passed = canary.step - 1;\n',
    replace: '  canary.passed = canary.step - 1;\n',
  },
  {
    why: 'after a restart the share is raised on what was judged before',
    file: 'advance.ts',
    find: '  canary.since = at;\n  canary.passed = canary.step - 1;\n',
    replace: '  canary.since = at;\n',
  },
  {
    why: 'a share that was set just before the controller died is taken for none',
    file: 'decide.ts',
    find: '  if (found) return tell([found], now);\n',
    replace: '',
  },
  {
    why: 'it is promoted before it has all the users',
    file: 'canary.ts',
    find: 'if (next === policy.steps.length) return promote',
    replace: 'if (next >= policy.steps.length - 1) return promote',
  },
  {
    why: 'promoted, the old instances are forgotten',
    file: 'state.ts',
    find: "state.canary.promotion !== 'done';",
    replace: 'true;',
  },
  {
    why: 'all steps are said to be over when one is',
    file: 'advance.ts',
    find: 'all && present < last ? last - 1 : present',
    replace: 'present < last ? last - 1 : present',
  },
];
