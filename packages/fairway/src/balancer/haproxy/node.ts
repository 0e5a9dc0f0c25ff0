import type { Duplex } from 'node:stream';

/** A program that is spoken to line by line for as long as it runs; `ssh/session.ts` is one. */
export interface LineSession {
  readonly lines: AsyncIterable<string>;
  send(line: string): void;
  kill(): void;
  /** Resolves with why it ended, where it did not end well. */
  readonly ended: Promise<Error | undefined>;
}

/** Port: a machine with one HAProxy. What is said over these is the same on any machine. */
export interface HaproxyNode {
  readonly name: string;
  /** Opens a connection to the CLI of HAProxy's master process. */
  openMaster(): Promise<Duplex>;
  /** Opens a connection to the socket on which the present worker tells what it logs. */
  openEvents(): Promise<Duplex>;
  /** Starts `fairway-balancer`, which reads, checks and replaces the files. */
  openKeeper(): Promise<LineSession>;
  /** Connects to `fairway-switch`, which takes shares back that nobody renews. */
  openSwitch(): Promise<LineSession>;
  /** Something was not answered in time: what is opened next must not use a connection that may hang. */
  renew(): void;
}
