import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { SshConnection } from '../../ssh/connection.ts';
import type { SshTarget } from '../../ssh/target.ts';
import type { HaproxyNode, LineSession } from './node.ts';
import { socketSession } from './socket-session.ts';

/** Where the role `balancer` puts them. */
const MASTER = '/run/fairway-balancer/master.sock';
const EVENTS = '/run/fairway-balancer/events.sock';
const SWITCH = '/run/fairway-switch/switch.sock';
const KEEPER = ['sudo', '-n', '/usr/local/sbin/fairway-balancer'];
/** Whoever waits for a balancer that is away must not wait long; the next attempt comes by itself. */
const OPEN_TIMEOUT_MS = 3_000;

interface Reach {
  readonly connection: SshConnection;
  readonly master: string;
  readonly events: string;
  readonly deadMansSwitch: string;
}

/** A HAProxy that the role `balancer` set up, over one SSH connection that is kept, with its sockets forwarded. */
export class SshNode implements HaproxyNode {
  readonly name: string;
  readonly #target: SshTarget;
  #reach: Promise<Reach> | undefined;

  constructor(target: SshTarget) {
    this.name = target.name;
    this.#target = target;
  }

  async openMaster(): Promise<Socket> {
    return openSocket((await this.#connect()).master);
  }

  async openEvents(): Promise<Socket> {
    return openSocket((await this.#connect()).events);
  }

  async openKeeper(): Promise<LineSession> {
    return (await this.#connect()).connection.session(KEEPER);
  }

  async openSwitch(): Promise<LineSession> {
    return socketSession(await openSocket((await this.#connect()).deadMansSwitch));
  }

  renew(): void {
    void this.close();
  }

  async close(): Promise<void> {
    const reach = this.#reach;
    this.#reach = undefined;
    await reach?.then(
      ({ connection }) => connection.close(),
      () => {},
    );
  }

  #connect(): Promise<Reach> {
    if (!this.#reach) {
      const reach = this.#open();
      const forget = () => {
        if (this.#reach === reach) this.#reach = undefined;
      };
      this.#reach = reach;
      reach.then(({ connection }) => connection.lost.then(forget), forget);
    }
    return this.#reach;
  }

  async #open(): Promise<Reach> {
    const connection = await SshConnection.open(this.#target, OPEN_TIMEOUT_MS);
    const local = join(this.#target.controlDirectory, randomBytes(6).toString('hex'));
    const reach = {
      connection,
      master: `${local}.m`,
      events: `${local}.e`,
      deadMansSwitch: `${local}.s`,
    };
    try {
      await Promise.all([
        connection.forward(reach.master, MASTER),
        connection.forward(reach.events, EVENTS),
        connection.forward(reach.deadMansSwitch, SWITCH),
      ]);
      return reach;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

async function openSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}
