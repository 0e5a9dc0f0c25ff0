import type { Action, HookName } from './actions.ts';
import type { RolloutEvent } from './events.ts';
import { printable } from './printable.ts';
import { because, SHARED_TROUBLE } from './verdict.ts';

/**
 * An event as sentences for people: the same in the push's output, the CLI, the API and the page. No sentences for
 * events that only matter to the machine. Text that came from outside is made safe for a terminal.
 */
export function describeEvent(event: RolloutEvent): readonly string[] {
  return sentences(event).map(printable);
}

function sentences(event: RolloutEvent): readonly string[] {
  switch (event.type) {
    case 'requested':
      return [`${event.kind} asked for by ${event.by}${because(event.why)}${asked(event)}`];
    case 'queued':
      return [`queued behind ${event.behind}`];
    case 'build-started':
      return [`building ${event.commit.slice(0, 12)}`];
    case 'build-output':
      return [`  | ${event.line}`];
    case 'build-finished':
      return [
        event.reused
          ? `release ${event.release} was built before: nothing to build`
          : `built release ${event.release} in ${seconds(event.seconds)}`,
      ];
    case 'build-failed':
      return [`build failed: ${event.reason}`, ...event.tail.map((line) => `  | ${line}`)];
    case 'started':
      return [event.summary];
    case 'taken-up':
      return ['the control server was restarted; the rollout goes on from what is observed'];
    case 'stumbled':
      return [`an unexpected error, will try again: ${event.reason}`];
    case 'action-intended':
      return [];
    case 'action-done':
      return [];
    case 'action-failed':
      return [`failed, will try again: ${event.reason}`];
    case 'unhealthy':
      return [`${event.slot} became unhealthy: ${event.reason}`];
    case 'healthy-again':
      return [`${event.slot} is healthy again`];
    case 'shared-trouble':
      return [SHARED_TROUBLE];
    case 'shared-trouble-over':
      return ['not everything old fails any more; the new instances are given their time again'];
    case 'waiting':
      return [`waiting: ${event.reason}`];
    case 'settled':
      return [`instance ${event.instance} done after ${seconds(event.seconds)}`];
    case 'paused':
      return [`paused by ${event.by}${because(event.why)}`];
    case 'resumed':
      return [`resumed by ${event.by}${because(event.why)}`];
    case 'abort-requested':
      return [
        `${event.alert ? 'ALERT from' : 'abort asked for by'} ${event.by}${because(event.why)}`,
        ...(event.unreached ?? []).map((name) => `  the canary's share could not be taken to 0 on ${name}`),
      ];
    case 'canary-begun':
      return ['the new release is tried on a part of the users first; the old one serves on beside it'];
    case 'judged':
      return [`judged: ${event.outcome}: ${event.sentence}`];
    case 'step-passed':
      return [`step ${event.step + 1} is over: ${event.reason}`];
    case 'share-found':
      return [`the balancer gives the canary the share of step ${event.step + 1} already`];
    case 'promote-requested':
      return [`${event.all ? 'all steps' : 'this step'} promoted by ${event.by}${because(event.why)}`];
    case 'taking-back':
      return [`TAKING BACK: ${event.reason}`, ...evidence(event.slot, event.evidence)];
    case 'hook-output':
      return [`  ${event.hook} | ${event.line}`];
    case 'finished':
      return [finished(event)];
  }
}

/** What an action does, in a few words, as the journal's timeline and a plan show it. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'install':
      return `put release ${releaseOf(action.generation)} on ${list(action.hosts)}`;
    case 'hook':
      return `run ${action.hook} ${hookMoment(action.hook)}`;
    case 'declare':
      return 'tell the balancer the routes and limits';
    case 'forget':
      return 'take the routes from the balancer';
    case 'set-share':
      return action.basisPoints === 0
        ? 'all users go back to the stable instances'
        : `${action.basisPoints / 100} % of the users go to the canary`;
    case 'promote':
      return `release ${releaseOf(action.generation)} becomes the stable one; what was before gets no new requests`;
    case 'start':
      return `${action.slot.instance}: start ${releaseOf(action.generation)} in slot ${action.slot.slot}`;
    case 'register':
      return `${action.slot.instance}: health checks of slot ${action.slot.slot} begin${action.side ? ', as a canary' : ''}`;
    case 'admit':
      return `${action.slot.instance}: healthy, slot ${action.slot.slot} takes traffic`;
    case 'drain':
      return `${action.slot.instance}: slot ${action.slot.slot} gets no new requests, at most ${seconds(action.timeoutMs / 1000)} for the others`;
    case 'deregister':
      return `${action.slot.instance}: idle, slot ${action.slot.slot} leaves the balancer`;
    case 'stop':
      return `${action.slot.instance}: stop slot ${action.slot.slot}`;
  }
}

function hookMoment(hook: HookName): string {
  return hook === 'before_deploy' ? 'once, before any instance is touched' : 'once, now that all serve';
}

function releaseOf(generation: string): string {
  return generation.slice(0, generation.indexOf('+'));
}

function list(hosts: readonly string[]): string {
  return hosts.length <= 3 ? hosts.join(', ') : `${hosts.length} hosts`;
}

function asked(event: Extract<RolloutEvent, { type: 'requested' }>): string {
  if (event.commit)
    return ` (commit ${event.commit.slice(0, 12)}${event.subject ? ` "${event.subject}"` : ''})`;
  return event.release ? ` (release ${event.release})` : '';
}

function evidence(slot: string | undefined, lines: readonly string[]): readonly string[] {
  if (slot === undefined) return [];
  if (lines.length === 0) return [`  ${slot} wrote nothing to its log`];
  return [`  last lines of ${slot}:`, ...lines.map((line) => `  | ${line}`)];
}

function finished(event: Extract<RolloutEvent, { type: 'finished' }>): string {
  const why = because(event.reason);
  switch (event.outcome) {
    case 'succeeded':
      return `SUCCEEDED${why}`;
    case 'taken-back':
      return `TAKEN BACK, all is as it was before${why}`;
    case 'failed':
      return `FAILED${why}`;
    case 'superseded':
      return `superseded${why}`;
  }
}

/** `0.84 s`, `12.3 s`, `4 min 5 s`. */
export function seconds(value: number): string {
  const whole = Math.round(value);
  if (whole >= 120) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`;
}
