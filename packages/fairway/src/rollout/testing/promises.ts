import type { Action, SlotAction } from '../actions.ts';
import type { Decision } from '../decide.ts';
import type { Outcome, RolloutEvent } from '../events.ts';
import type { SlotObservation, SplitObservation } from '../observation.ts';
import type { CanaryPolicy, Goal, Plan } from '../plan.ts';
import { otherSlot, type SlotId, slotId } from '../slot.ts';
import { calmAfterMs, type History, planOf, times } from './history.ts';
import type { World } from './world.ts';

/** Something that a rollout promises never to do was done; the message says what, and when. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/**
 * What every rollout must keep, checked on each decision. It counts for itself, from the world, and shares no code with
 * the decisions: a mistake there cannot hide itself here.
 */
export class Promises {
  readonly #history: History;
  readonly #plan: Plan;
  readonly #world: World;
  /** By instance: a call that has neither ended nor lost its controller. */
  readonly #busy = new Map<string, { readonly id: string; readonly action: Action }>();
  /** Instances that were begun and have not reached the goal since. */
  #begun = new Set<string>();
  /** The same before the last decision, which may never reach the journal. */
  #begunBefore: ReadonlySet<string> = new Set();
  /** Slots whose last call failed: they are tried again later, not at once. */
  readonly #failed = new Set<SlotId>();
  #direction: 'forward' | 'back' = 'forward';
  #isPaused = false;
  #abortedBy: 'nobody' | 'operator' = 'nobody';
  #finished = false;
  #soakedFrom = Number.NEGATIVE_INFINITY;
  #controllers = 1;
  #checkedChanges = -1;
  /** The new release is tried on a part of the users. */
  #isCanary = false;
  /** An operator has said that steps are over, up to and with this one. */
  #forced = -1;
  /** When the controller at hand began to look. */
  #watchedSince = 0;
  /** What the last decision was made from. */
  #seen: Seen = new Map();
  #seenShare = 0;

  constructor(history: History, world: World) {
    this.#history = history;
    this.#plan = planOf(history);
    this.#world = world;
  }

  /** An event went into the journal. */
  recorded(event: RolloutEvent): void {
    if (this.#finished) this.#fail(`${event.type} was recorded after the end`);
    if (event.type === 'abort-requested') {
      this.#abortedBy = 'operator';
      if (this.#direction === 'back') this.#isPaused = false;
    }
    if (event.type === 'canary-begun') this.#isCanary = true;
    if (event.type === 'promote-requested') this.#force(event.all);
    if (event.type === 'paused') this.#isPaused = true;
    if (event.type === 'resumed') this.#isPaused = false;
    if (event.type === 'taking-back') {
      if (this.#direction === 'back') this.#fail('it was taken back twice');
      this.#direction = 'back';
      this.#isPaused = false;
      this.#failed.clear();
    }
    if (event.type === 'taken-up') {
      this.#busy.clear();
      this.#watchedSince = this.#world.now;
      this.#controllers += 1;
    }
    if (event.type === 'action-intended') this.#intended(event.id, event.action);
    if (event.type === 'action-done' || event.type === 'action-failed')
      for (const [key, { id, action }] of this.#busy)
        if (id === event.id) {
          this.#busy.delete(key);
          if (!('slot' in action)) continue;
          if (event.type === 'action-done') this.#failed.delete(slotId(action.slot));
          else this.#failed.add(slotId(action.slot));
        }
    if (event.type === 'finished') this.#ended(event);
  }

  #intended(id: string, action: Action): void {
    const key = 'slot' in action ? action.slot.instance : '';
    const under = this.#busy.get(key);
    if (under) this.#fail(`${id} was begun while ${under.id} was under way for the same instance`);
    this.#busy.set(key, { id, action });
    if ('slot' in action) this.#begun.add(action.slot.instance);
  }

  /** A decision was made from what `slots` shows. */
  decided(decision: Decision, slots: readonly SlotObservation[], split: SplitObservation): void {
    const seen = new Map(slots.map((slot) => [slotId(slot.slot), slot]));
    this.#seen = seen;
    this.#seenShare = split.share.basisPoints;
    const { actions, events } = decision;
    if (this.#finished && (actions.length > 0 || events.length > 0)) this.#fail('it went on after the end');
    if (this.#abortedBy === 'operator' && this.#direction === 'forward') {
      if (events[0]?.type !== 'taking-back') this.#fail('an abort was not the first thing to be obeyed');
      if (actions.length > 0) this.#fail('something was begun between an abort and taking back');
    }
    this.#checkSplit(decision, seen, split);
    if (!Number.isFinite(decision.lookAgainAt) && !this.#finished) this.#fail('it would never look again');
    const isTurning = events[0]?.type === 'taking-back';
    this.#begunBefore = new Set(this.#begun);
    for (const name of this.#begun)
      if (!isTurning && this.#isReached(name, seen) && !this.#busy.has(name)) this.#begun.delete(name);
    this.#soakedFrom = this.#world.admittedAt + this.#plan.policy.soakMs;
    const before: SlotAction[] = [];
    for (const { action } of actions) {
      if ('slot' in action) {
        this.#checkSlotAction(action, seen, before);
        before.push(action);
      } else this.#checkWhole(action);
    }
    if (this.#isPaused) this.#checkPause(before, seen);
    else this.#checkBrokenFirst(before, seen);
    this.#checkSharedTrouble(before, seen);
  }

  /** The controller died before it could record its last decision: whoever comes next knows nothing of it. */
  lost(): void {
    this.#begun = new Set(this.#begunBefore);
  }

  #force(all: boolean): void {
    const { policy } = this.#plan;
    if (policy.strategy !== 'canary') return;
    const last = policy.steps.length - 1;
    const present = Math.max(0, this.#stepOf(this.#world.share.basisPoints));
    this.#forced = Math.max(this.#forced, all && present < last ? last - 1 : present);
  }

  #stepOf(basisPoints: number): number {
    const { policy } = this.#plan;
    if (policy.strategy !== 'canary') return -1;
    return policy.steps.findIndex((step) => step.shareBasisPoints === basisPoints);
  }

  /** The canary's users: taken back first of all, and given only to what can carry them, in their time, on evidence. */
  #checkSplit({ actions, events }: Decision, seen: Seen, { share, verdict }: SplitObservation): void {
    const isTurning = events[0]?.type === 'taking-back';
    if (this.#isTried && verdict?.outcome === 'fail' && !isTurning && !this.#finished)
      this.#fail('a canary that does worse was not taken back at once');
    const isGoingBack = this.#direction === 'back' && share.basisPoints > 0 && !this.#busy.has('');
    if (isGoingBack && actions.length > 0 && actions[0]!.action.kind !== 'set-share')
      this.#fail('going back, the share was not taken to 0 first');
    for (const { action } of actions) {
      if (action.kind === 'promote') this.#checkPromotion(seen, share);
      if (action.kind === 'set-share' && action.basisPoints > 0)
        this.#checkShare(action, seen, { share, ...(verdict && { verdict }) });
    }
  }

  #checkShare(
    { basisPoints, offset }: Extract<Action, { kind: 'set-share' }>,
    seen: Seen,
    { share, verdict }: SplitObservation,
  ): void {
    const { policy, target } = this.#plan;
    if (policy.strategy !== 'canary') this.#fail('a rolling update split the users');
    if (this.#direction === 'back') this.#fail('the share was raised on the way back');
    if (this.#isPaused) this.#fail('the share was raised while paused');
    if (offset !== policy.offset) this.#fail('the share moved on the ring');
    const answering = target.instances.filter(({ name }) =>
      (['a', 'b'] as const).some((slot) => {
        const place = seen.get(this.#id(name, slot));
        return place?.generation === target.generation && answers(place);
      }),
    ).length;
    if (answering * 10_000 < basisPoints * target.instances.length)
      this.#fail(`${basisPoints / 100} % were given to ${answering} of ${target.instances.length}`);
    if (share.offset === offset && basisPoints < share.basisPoints)
      this.#fail('users were moved back and forth');
    if (basisPoints <= share.basisPoints) return;
    const step = this.#stepOf(share.basisPoints);
    if (share.basisPoints > 0 && share.offset === offset) this.#checkHeld(step, verdict);
    const next = this.#stepOf(basisPoints);
    if (next > Math.max(step, this.#forced) + 1) this.#fail(`step ${next} came after step ${step}`);
  }

  /** The step has had its time under one controller, and a good verdict, or an operator has ended it. */
  #checkHeld(step: number, verdict: SplitObservation['verdict']): void {
    const { policy } = this.#plan;
    if (policy.strategy !== 'canary' || step <= this.#forced) return;
    const { holdMs } = policy.steps[step]!;
    if (holdMs === 'manual') this.#fail('a step that is to be promoted by hand went on by itself');
    const since = Math.max(this.#world.shareSetAt, this.#watchedSince);
    if (this.#world.now < since + holdMs) this.#fail(`step ${step} was cut short`);
    const isLast = step === policy.steps.length - 1;
    if (!isLast && verdict?.outcome !== 'pass') this.#fail(`step ${step} passed without a good verdict`);
  }

  #checkPromotion(seen: Seen, share: SplitObservation['share']): void {
    const { policy, target } = this.#plan;
    if (this.#direction === 'back') this.#fail('it was promoted on the way back');
    if (this.#world.promotedAt <= this.#world.now) return;
    if (share.basisPoints !== 10_000 || share.offset !== (policy as CanaryPolicy).offset)
      this.#fail(`it was promoted with ${share.basisPoints / 100} % of the users`);
    if (this.#isPaused) this.#fail('it was promoted while paused');
    this.#checkHeld((policy as CanaryPolicy).steps.length - 1, undefined);
    for (const { name } of target.instances) {
      const isThere = (['a', 'b'] as const).some((slot) => {
        const place = seen.get(this.#id(name, slot));
        return place?.generation === target.generation && answers(place);
      });
      if (!isThere) this.#fail(`it was promoted while ${name} did not answer`);
    }
  }

  /** How many instances of the new release the next step needs. */
  get #mostStaged(): number {
    const { policy } = this.#plan;
    if (policy.strategy !== 'canary') return 0;
    const present = Math.max(this.#stepOf(this.#seenShare), this.#forced);
    return policy.steps[Math.min(present + 1, policy.steps.length - 1)]!.instances;
  }

  /** Users are split, or are to be. */
  get #isTried(): boolean {
    return this.#isCanary && this.#direction === 'forward' && this.#world.promotedAt > this.#world.now;
  }

  #checkWhole(action: Action): void {
    if ('generation' in action && action.generation !== this.#goal.generation)
      this.#fail(`${action.kind} of ${action.generation} while going ${this.#direction}`);
    if (action.kind === 'hook') {
      if (this.#direction === 'back') this.#fail('a hook ran while taking back');
      const runs = this.#world.hooksRun.filter((hook) => hook === action.hook).length;
      if (runs >= this.#controllers) this.#fail(`${action.hook} ran again though no controller had died`);
    }
    if (action.kind === 'declare' && action.pin !== this.#goal.pin) this.#fail(`routes of ${action.pin}`);
    if (action.kind === 'forget' && this.#goal.generation)
      this.#fail('the routes of a wanted app were forgotten');
  }

  #checkSlotAction(action: SlotAction, seen: Seen, before: readonly SlotAction[]): void {
    const slot = seen.get(slotId(action.slot));
    const goal = this.#goal;
    if ('generation' in action && action.generation !== goal.generation)
      this.#fail(`${action.kind} of ${action.generation} while going ${this.#direction}`);
    switch (action.kind) {
      case 'start':
        this.#checkStart(action, seen, before);
        return;
      case 'register':
        if (slot?.generation !== goal.generation) this.#fail('what was registered does not run the goal');
        return;
      case 'admit':
        if (!answers({ ...slot!, pool: 'serving' }))
          this.#fail(`${slotId(action.slot)} was admitted unhealthy`);
        if (slot!.generation !== goal.generation || slot!.poolGeneration !== goal.generation)
          this.#fail(
            `${slotId(action.slot)} was admitted with ${slot!.generation} while going ${this.#direction}`,
          );
        return;
      case 'drain':
        this.#checkDrain(action, seen, before);
        return;
      case 'deregister':
        if (slot?.pool !== 'out') this.#fail(`${slotId(action.slot)} left the balancer while ${slot?.pool}`);
        return;
      case 'stop':
        if (slot?.pool !== 'absent') this.#fail(`${slotId(action.slot)} was stopped while ${slot?.pool}`);
        return;
    }
  }

  #checkStart(action: SlotAction, seen: Seen, before: readonly SlotAction[]): void {
    const goal = this.#goal;
    if (!isClean(seen.get(slotId(action.slot))))
      this.#fail(`${slotId(action.slot)} was started though not clean`);
    if (!this.#isWanted(action.slot.instance)) this.#fail('an instance that is not wanted was started');
    if (!this.#world.installed.has(goal.generation!))
      this.#fail('an instance was started before the install');
    const hook = this.#direction === 'forward' && this.#plan.hooks.beforeDeploy;
    if (hook && !this.#world.hooksRun.includes('before_deploy'))
      this.#fail('an instance was started before before_deploy had run');
    if (this.#isTried) {
      this.#checkStaging(action, seen, before);
      return;
    }
    const isBeside = (one: SlotAction): boolean =>
      one.kind === 'start' && isClean(seen.get(slotId(one.slot))) && !isClean(seen.get(besides(one)));
    if (!isBeside(action)) return;
    const doubled = goal.instances.filter(
      ({ name }) => !isClean(seen.get(this.#id(name, 'a'))) && !isClean(seen.get(this.#id(name, 'b'))),
    ).length;
    const underWay = [...this.#pendingSlotActions(), ...before].filter(isBeside).length;
    if (doubled + underWay + 1 > this.#plan.policy.surge)
      this.#fail(
        `${doubled + underWay + 1} instances took both slots, with a surge of ${this.#plan.policy.surge}`,
      );
  }

  /** No more instances of the new release than the next step needs. */
  #checkStaging(action: SlotAction, seen: Seen, before: readonly SlotAction[]): void {
    const starting = [...this.#pendingSlotActions(), ...before, action].filter(
      ({ kind }) => kind === 'start',
    );
    const fresh = new Set(starting.map(({ slot }) => slot.instance));
    for (const { slot, generation, process } of seen.values())
      if (generation === this.#goal.generation && process !== 'stopping' && this.#isWanted(slot.instance))
        fresh.add(slot.instance);
    if (fresh.size > this.#mostStaged)
      this.#fail(`${fresh.size} instances of the new release, where the next step needs ${this.#mostStaged}`);
  }

  #checkDrain(action: SlotAction, seen: Seen, before: readonly SlotAction[]): void {
    const slot = seen.get(slotId(action.slot));
    const other = seen.get(besides(action));
    const { policy } = this.#plan;
    if (slot?.pool !== 'serving') this.#fail(`${slotId(action.slot)} was drained while ${slot?.pool}`);
    if (!this.#isWanted(action.slot.instance) || !isOperational(slot)) return;
    const goal = this.#goal;
    const isGoal = slot!.generation === goal.generation && slot!.poolGeneration === goal.generation;
    if (isGoal && !isOperational(other))
      this.#fail(`${slotId(action.slot)} was drained though it was to stay`);
    const isOld = slot!.generation !== goal.generation;
    if (this.#isTried && isOld && !isOperational(other))
      this.#fail(`${slotId(action.slot)} was drained while the canary is tried`);
    if (isOld && policy.surge > 0 && !isOperational(other))
      this.#fail(`${slotId(action.slot)} was drained before the new one beside it served`);
    const isSpare = isOperational(other) && other?.generation !== goal.generation;
    if (isOld && !isSpare && this.#world.now < this.#soakedFrom)
      this.#fail(
        `${slotId(action.slot)} was drained ${this.#soakedFrom - this.#world.now} ms before the soak was over`,
      );
    const costs = (one: SlotAction): boolean =>
      one.kind === 'drain' &&
      this.#isWanted(one.slot.instance) &&
      isOperational(seen.get(slotId(one.slot))) &&
      !isOperational(seen.get(besides(one)));
    if (!costs(action)) return;
    const inFlight = [...this.#pendingSlotActions(), ...before].filter(costs).length;
    const remaining = this.#operational(goal, seen) - inFlight - 1;
    if (remaining < goal.instances.length - policy.maxUnavailable)
      this.#fail(
        `${remaining} of ${goal.instances.length} would serve, with ${policy.maxUnavailable} out at most`,
      );
  }

  /** Paused, what is under way is brought to an end, and nothing else is touched. */
  #checkPause(actions: readonly SlotAction[], seen: Seen): void {
    for (const { slot, kind } of actions) {
      if (!this.#isGoalUp(slot.instance, seen) && !this.#begun.has(slot.instance))
        this.#fail(`${kind} of ${slotId(slot)} while paused`);
    }
  }

  /** When a working instance is taken out, or begun, every broken one has been begun. */
  #checkBrokenFirst(actions: readonly SlotAction[], seen: Seen): void {
    const goal = this.#goal;
    // What a canary finds done already is no choice of its own.
    const isFreshlyBegun = ({ kind, slot: { instance } }: SlotAction): boolean =>
      (kind === 'start' || !this.#isTried) &&
      this.#isWanted(instance) &&
      !this.#begun.has(instance) &&
      this.#operates(instance, seen);
    if (!actions.some(isFreshlyBegun)) return;
    for (const { name } of goal.instances) {
      const slots = [seen.get(this.#id(name, 'a')), seen.get(this.#id(name, 'b'))];
      const mustWait =
        this.#busy.has(name) ||
        slots.some(
          (slot) =>
            slot &&
            (slot.pool === 'draining' ||
              slot.generation === goal.generation ||
              this.#failed.has(slotId(slot.slot))),
        ) ||
        this.#failed.has(this.#id(name, 'a'));
      if (this.#operates(name, seen) || mustWait) continue;
      if (!actions.some(({ slot }) => slot.instance === name))
        this.#fail(`${name} is broken and was not first`);
    }
  }

  /** While all that is old fails together, at most so many are tried as may be out of service, and at least one. */
  #checkSharedTrouble(actions: readonly SlotAction[], seen: Seen): void {
    const goal = this.#goal;
    if (this.#direction === 'back' || goal.generation === undefined) return;
    const old = [...seen.values()].filter(
      (slot) =>
        this.#isWanted(slot.slot.instance) && slot.pool === 'serving' && slot.generation !== goal.generation,
    );
    if (old.length === 0) return;
    const isAnswered = (name: string) =>
      (['a', 'b'] as const).some((slot) => answers(seen.get(this.#id(name, slot))));
    if (goal.instances.some(({ name }) => isAnswered(name))) return;
    const isReplaced = (name: string): boolean =>
      old.some((slot) => slot.slot.instance === name) && !this.#isGoalUp(name, seen);
    const names = new Set(actions.map(({ slot }) => slot.instance));
    const newly = [...names].filter((name) => !this.#begun.has(name) && isReplaced(name)).length;
    const most = Math.max(1, this.#plan.policy.maxUnavailable);
    if (newly > 0 && newly + this.#begun.size > most)
      this.#fail(`${newly + this.#begun.size} instances were begun while everything old was unhealthy`);
  }

  /** Between decisions: with no fault about, the rollout itself never takes more out than it may. */
  ticked(): void {
    for (const violation of this.#world.violations) this.#fail(violation);
    if (this.#abortedBy === 'operator' && this.#world.share.basisPoints > 0)
      this.#fail('users went to the canary after an abort');
    if (this.#world.changes === this.#checkedChanges) return;
    this.#checkedChanges = this.#world.changes;
    const { faults, leftovers, newRelease, oldRelease } = this.#history;
    if (faults.length + leftovers.length > 0 || newRelease === 'crashes' || oldRelease === 'gone-bad') return;
    const seen = new Map(this.#world.observe().map((slot) => [slotId(slot.slot), slot]));
    const { target, previous, policy } = this.#plan;
    const both = target.instances.filter(({ name }) => previous.instances.some((one) => one.name === name));
    const serve = both.filter(({ name }) => this.#operates(name, seen)).length;
    if (serve < both.length - policy.maxUnavailable) this.#fail(`only ${serve} of ${both.length} served`);
  }

  #ended({ outcome, reason }: Extract<RolloutEvent, { type: 'finished' }>): void {
    this.#finished = true;
    const expected = outcome === 'succeeded' ? 'forward' : 'back';
    if (this.#direction !== expected) this.#fail(`it ended as ${outcome} while going ${this.#direction}`);
    if (outcome === 'failed') this.#checkFailed(reason);
    else this.#checkReached(outcome, reason);
  }

  #checkReached(outcome: Outcome, reason: string): void {
    const seen = this.#seen;
    const names = new Set([
      ...this.#goal.instances.map(({ name }) => name),
      ...[...seen.values()].map((s) => s.slot.instance),
    ]);
    for (const name of names)
      if (!this.#isReached(name, seen)) this.#fail(`${outcome}, but ${name} is not there yet`);
    if (this.#world.share.basisPoints > 0) this.#fail(`${outcome}, but users are split`);
    if (this.#world.declared !== this.#goal.pin)
      this.#fail(`${outcome}, but the balancer has the routes of ${this.#world.declared}`);
    if (outcome === 'succeeded' && this.#goal.generation && this.#history.faults.length === 0)
      for (const hook of wantedHooks(this.#plan))
        if (!this.#world.hooksRun.includes(hook)) this.#fail(`succeeded without ${hook}`);
    if (outcome === 'taken-back' && this.#isBoundToSucceed())
      this.#fail(`taken back for no reason: ${reason}`);
  }

  #isBoundToSucceed(): boolean {
    const { newRelease, oldRelease, change } = this.#history;
    const isFit = newRelease === 'good' && (oldRelease === 'good' || change !== 'same');
    return (
      this.#isHardlyFaulty &&
      isFit &&
      this.#history.canary?.verdict !== 'fail' &&
      !this.#isStuck &&
      this.#abortedBy === 'nobody'
    );
  }

  /** At most one exit, after which an instance is back long before its time is over. */
  get #isHardlyFaulty(): boolean {
    const { faults, bootMs } = this.#history;
    return faults.length === 0 || (faults.length === 1 && faults[0]!.kind === 'exit' && bootMs <= 1_000);
  }

  #checkFailed(reason: string): void {
    const { faults, oldRelease } = this.#history;
    const isRecent = this.#world.now < calmAfterMs(this.#history) + 2 * times.stallTimeoutMs;
    const couldNot = oldRelease === 'gone-bad' || this.#isStuck || (faults.length > 0 && isRecent);
    if (!couldNot) this.#fail(`failed though it could be taken back: ${reason}`);
  }

  /** A server with a wrong label has to be taken out to be put right. */
  get #isStuck(): boolean {
    const { policy, leftovers, canary, before, after } = this.#history;
    // What is added serves nobody for certain before the canary is promoted, and gives no leave to take others out.
    const isTight = policy.maxUnavailable === 0 || (canary !== undefined && after > before);
    return isTight && leftovers.some(({ label }) => label === 'other');
  }

  get #goal(): Goal {
    return this.#direction === 'forward' ? this.#plan.target : this.#plan.previous;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  #id(instance: string, slot: 'a' | 'b'): SlotId {
    return slotId({ app: this.#plan.app, instance, slot });
  }

  #isWanted(name: string): boolean {
    return (
      this.#goal.generation !== undefined && this.#goal.instances.some((instance) => instance.name === name)
    );
  }

  /** Whether something of the instance already runs what it is to run. */
  #isGoalUp(name: string, seen: Seen): boolean {
    return (['a', 'b'] as const).some(
      (slot) => seen.get(this.#id(name, slot))?.generation === this.#goal.generation,
    );
  }

  #operates(name: string, seen: Seen): boolean {
    return isOperational(seen.get(this.#id(name, 'a'))) || isOperational(seen.get(this.#id(name, 'b')));
  }

  #operational(goal: Goal, seen: Seen): number {
    return goal.instances.filter(({ name }) => this.#operates(name, seen)).length;
  }

  #isReached(name: string, seen: Seen): boolean {
    const slots = (['a', 'b'] as const).map((slot) => seen.get(this.#id(name, slot)));
    const left = slots.filter((slot) => !isClean(slot));
    if (!this.#isWanted(name)) return left.length === 0;
    const [only] = left;
    return left.length === 1 && isOperational(only) && only?.generation === this.#goal.generation;
  }

  #pendingSlotActions(): SlotAction[] {
    return this.#world.pending().flatMap(({ action }) => ('slot' in action ? [action] : []));
  }

  #fail(what: string): never {
    throw new BrokenPromise(`at ${this.#world.now} ms: ${what}`);
  }
}

type Seen = ReadonlyMap<SlotId, SlotObservation>;

function wantedHooks(plan: Plan): string[] {
  return [
    ...(plan.hooks.beforeDeploy ? ['before_deploy'] : []),
    ...(plan.hooks.afterDeploy ? ['after_deploy'] : []),
  ];
}

function besides(action: SlotAction): SlotId {
  return slotId({ ...action.slot, slot: otherSlot(action.slot.slot) });
}

function isOperational(slot: SlotObservation | undefined): boolean {
  return answers(slot) && slot?.side !== 'canary';
}

function answers(slot: SlotObservation | undefined): boolean {
  return slot?.pool === 'serving' && slot.healthy && slot.process === 'running';
}

function isClean(slot: SlotObservation | undefined): boolean {
  return !slot || (slot.pool === 'absent' && ['absent', 'stopped'].includes(slot.process));
}
