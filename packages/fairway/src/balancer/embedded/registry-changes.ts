import type { Logger } from 'pino';
import { slotId } from '../../rollout/slot.ts';
import * as changes from './changes.ts';
import type { Keeper } from './keeper.ts';
import type { LiveRegistry } from './live-registry.ts';
import type { ChangeMessage, Renewals } from './messages.ts';
import { presentMoment } from './moment.ts';

/** Carries out what is asked over the control socket. */
export class RegistryChanges {
  readonly #keeper: Keeper;
  readonly #live: LiveRegistry;
  readonly #log: Logger;
  /** How often an app's share was set to 0; a raise that was asked for before that must not come after it. */
  readonly #zeroed = new Map<string, number>();

  constructor(keeper: Keeper, live: LiveRegistry, log: Logger) {
    this.#keeper = keeper;
    this.#live = live;
    this.#log = log;
  }

  async make(message: ChangeMessage): Promise<void> {
    const before = this.#keeper.state.revision;
    await this.#make(message);
    const { revision } = this.#keeper.state;
    if (revision !== before) this.#log.info({ revision, ...logged(message) }, `changed: ${message.kind}`);
  }

  renew({ renewals }: Renewals): readonly string[] {
    this.#keeper.assertLeading();
    const known = changes.renewable(this.#keeper.state, renewals);
    this.#keeper.note(changes.renew(known, presentMoment()));
    return known.map(({ app }) => app);
  }

  #make(message: ChangeMessage): Promise<void> {
    const { fence } = message;
    switch (message.kind) {
      case 'declare':
        return this.#keeper.change(message.pool.app, fence, changes.declare(message.pool));
      case 'forget':
        return this.#keeper.change(message.app, fence, changes.forget(message.app));
      case 'register':
        return this.#keeper.change(message.server.slot.app, fence, changes.register(message.server));
      case 'admit':
        return this.#admit(message);
      case 'drain':
        return this.#keeper.change(
          message.slot.app,
          fence,
          changes.drain(message.slot, Date.now() + message.timeoutMs),
        );
      case 'deregister':
        return this.#keeper.change(message.slot.app, fence, changes.deregister(message.slot));
      case 'set-share':
        return this.#setShare(message);
      case 'promote':
        return this.#keeper.change(
          message.app,
          fence,
          changes.promote(message.app, message.generation, Date.now() + message.timeoutMs),
        );
    }
  }

  /** A server that looks healthy is asked once more: between two checks it may have been replaced or have died. */
  async #admit({ slot, fence }: Extract<ChangeMessage, { kind: 'admit' }>): Promise<void> {
    const server = this.#keeper.state.pools[slot.app]?.servers[slotId(slot)];
    if (server?.healthy && server.state !== 'serving') await this.#live.monitor(slot)?.check();
    return this.#keeper.change(slot.app, fence, changes.admit(slot));
  }

  #setShare({ app, share, fence }: Extract<ChangeMessage, { kind: 'set-share' }>): Promise<void> {
    const change = changes.setShare(app, share, presentMoment());
    const zeroed = this.#zeroed.get(app) ?? 0;
    if (share.basisPoints === 0) {
      this.#zeroed.set(app, zeroed + 1);
      return this.#keeper.changeAtOnce(app, fence, change);
    }
    return this.#keeper.change(app, fence, (state) =>
      (this.#zeroed.get(app) ?? 0) === zeroed ? change(state) : state,
    );
  }
}

function logged(message: ChangeMessage): object {
  switch (message.kind) {
    case 'declare':
      return { app: message.pool.app, route: message.pool.route, fence: message.fence };
    case 'register':
      return { ...message.server, fence: message.fence };
    default: {
      const { kind: _kind, ...rest } = message;
      return rest;
    }
  }
}
