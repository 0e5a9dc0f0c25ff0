import type { Action, ActionId } from '../../rollout/actions.ts';
import type { LiveEntry } from '../../server/api.ts';
import { elapsed } from './times.ts';
import { releaseOf, shortRelease } from './words.ts';

/**
 * Tells what a rollout's actions did. An entry that says an action is done names it only by its id, so the story needs
 * to remember what was intended, and when each slot was started.
 */
export class ActionStory {
  readonly #intended = new Map<ActionId, { readonly action: Action; readonly at: number }>();
  readonly #startedAt = new Map<string, number>();

  /** The sentences of an entry: the server's own where it has some, what the action did otherwise. */
  tell(entry: LiveEntry): readonly string[] {
    const { event } = entry;
    if (event.type === 'action-intended') {
      this.#intended.set(event.id, { action: event.action, at: entry.at });
      if (event.action.kind === 'start') this.#startedAt.set(place(event.action.slot), entry.at);
      return entry.text.length > 0 ? entry.text : beginning(event.action);
    }
    if (entry.text.length > 0) {
      return event.type === 'action-failed' ? this.#withPlace(event.id, entry.text) : entry.text;
    }
    const intended = event.type === 'action-done' ? this.#intended.get(event.id) : undefined;
    return intended ? this.#result(intended.action, entry.at - intended.at, entry.at) : [];
  }

  #withPlace(id: ActionId, [first, ...more]: readonly string[]): readonly string[] {
    const action = this.#intended.get(id)?.action;
    if (!action || first === undefined) return first === undefined ? [] : [first, ...more];
    const where = 'slot' in action ? place(action.slot) : action.kind;
    return [`${where}  ${'slot' in action ? `${action.kind} ` : ''}${first}`, ...more];
  }

  #result(action: Action, tookMs: number, at: number): readonly string[] {
    const took = elapsed(tookMs);
    switch (action.kind) {
      case 'install':
        return [
          `installed ${shortRelease(releaseOf(action.generation))} on ${action.hosts.join(', ')} in ${took}`,
        ];
      case 'hook':
        return [`${action.hook} done in ${took}`];
      case 'admit': {
        const startedAt = this.#startedAt.get(place(action.slot));
        const since = startedAt === undefined ? '' : ` after ${elapsed(at - startedAt)}`;
        return [`${place(action.slot)}  admitted: healthy${since}`];
      }
      case 'deregister':
        return [`${place(action.slot)}  out of the balancer`];
      case 'stop':
        return [`${place(action.slot)}  stopped in ${took}`];
      case 'set-share':
        return [sharing(action.basisPoints, took)];
      case 'promote':
        return [`${shortRelease(releaseOf(action.generation))} is the stable release now, for all users`];
      case 'declare':
      case 'forget':
      case 'start':
      case 'register':
      case 'drain':
        return [];
    }
  }
}

function sharing(basisPoints: number, took: string): string {
  if (basisPoints === 0) return `all users are back on the stable instances, in ${took}`;
  return `${basisPoints / 100} % of the users are on the canary`;
}

/** Only what takes a while is worth a line at its beginning. */
function beginning(action: Action): readonly string[] {
  switch (action.kind) {
    case 'hook':
      return [`${action.hook} runs on ${action.host}`];
    case 'start':
      return [`${place(action.slot)}  starting ${shortRelease(releaseOf(action.generation))}`];
    case 'drain':
      return [
        `${place(action.slot)}  draining: no new requests, at most ${elapsed(action.timeoutMs)} for the others`,
      ];
    case 'install':
    case 'declare':
    case 'forget':
    case 'set-share':
    case 'promote':
    case 'register':
    case 'admit':
    case 'deregister':
    case 'stop':
      return [];
  }
}

/** `shop/3/a`: the slot matters where two of one instance run side by side. */
function place({ app, instance, slot }: { app: string; instance: string; slot: string }): string {
  return `${app}/${instance}/${slot}`;
}
