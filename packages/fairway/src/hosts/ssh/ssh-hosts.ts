import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type SlotAddress, slotId } from '../../rollout/slot.ts';
import type { SshConnection } from '../../ssh/connection.ts';
import { HostUnreachable, SshError } from '../../ssh/errors.ts';
import type { SshTarget } from '../../ssh/target.ts';
import { EventQueue } from '../event-queue.ts';
import type { Artifact, Hosts, Launch, LogLine, LogQuery, RunningCommand, SlotProcess } from '../hosts.ts';
import { HostLink } from './host-link.ts';
import { HostAnsweredError, type HostSession, type RequestOptions } from './host-session.ts';
import { installRelease } from './install-release.ts';
import { merged } from './merged.ts';
import type { Verb } from './protocol.ts';
import { type Asked, HostUnprepared, refusalOf } from './refusals.ts';

const OBSERVE_DEADLINE_MS = 8_000;
const START_DEADLINE_MS = 90_000;
const PRUNE_DEADLINE_MS = 120_000;
const LOGS_DEADLINE_MS = 30_000;
/** Between two attempts to follow a host that is gone. */
const FOLLOW_PAUSE_MS = 500;

/** Machines reached by SSH, where systemd runs the instances. Nothing of Fairway runs there when nobody asks. */
export class SshHosts implements Hosts {
  readonly #links: Map<string, HostLink>;
  readonly #installing = new Map<string, Promise<void>>();
  /** By host and app, what was seen when the host could be reached last. */
  readonly #seen = new Map<string, readonly SlotProcess[]>();

  constructor(targets: readonly SshTarget[]) {
    this.#links = new Map(targets.map((target) => [target.name, new HostLink(target)]));
  }

  /** From now on these are the hosts; a way to one that stays as it is stays open. */
  retarget(targets: readonly SshTarget[]): void {
    const wanted = new Map(targets.map((target) => [target.name, target]));
    for (const [name, link] of this.#links) {
      if (isDeepStrictEqual(link.target, wanted.get(name))) continue;
      this.#links.delete(name);
      void link.close().catch(() => undefined);
    }
    for (const [name, target] of wanted) {
      if (!this.#links.has(name)) this.#links.set(name, new HostLink(target));
    }
  }

  /** An open connection to a host, shared with everything else that uses it. */
  async connection(host: string): Promise<SshConnection> {
    return (await this.#link(host).session()).connection;
  }

  /** The hosts that did not answer when they were last asked, with the reason. */
  unreachable(): ReadonlyMap<string, string> {
    const failing = [...this.#links.values()].filter((link) => link.failure !== undefined);
    return new Map(failing.map((link) => [link.target.name, link.failure!.message]));
  }

  install(host: string, artifact: Artifact, fence: number): Promise<void> {
    const { app, release, sha256 } = artifact;
    const key = `${host}/${app}/${release}/${sha256}/${fence}`;
    const running =
      this.#installing.get(key) ??
      translated(installRelease(this.#link(host), artifact, fence), { host, app, asked: release }).finally(
        () => this.#installing.delete(key),
      );
    this.#installing.set(key, running);
    return running;
  }

  async start(host: string, slot: SlotAddress, launch: Launch, fence: number): Promise<void> {
    const asked = { host, app: slot.app, slot: slotId(slot), asked: launch.generation };
    await this.#ask('start', asked, { slot, launch, fence }, { deadlineMs: START_DEADLINE_MS });
  }

  /** Has no deadline of its own: the host knows the launch's, and a host that falls silent is given up. */
  async stop(host: string, slot: SlotAddress, fence: number): Promise<void> {
    await this.#ask('stop', { host, app: slot.app, slot: slotId(slot) }, { slot, fence });
  }

  async prune(host: string, app: string, keep: readonly string[], fence: number): Promise<void> {
    await this.#ask('prune', { host, app }, { app, keep, fence }, { deadlineMs: PRUNE_DEADLINE_MS });
  }

  async observe(app: string): Promise<readonly SlotProcess[]> {
    const perHost = await Promise.all([...this.#links.values()].map((link) => this.#observe(link, app)));
    return perHost.flat();
  }

  async *watch(app: string, signal: AbortSignal): AsyncGenerator<void> {
    yield* merged([...this.#links.values()].map((link) => this.#watch(link, app, signal)));
  }

  async *logs(app: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    yield* merged([...this.#links.values()].map((link) => this.#logs(link, app, query, signal)));
  }

  run(host: string, app: string, launch: Launch, signal: AbortSignal): RunningCommand {
    const lines = new EventQueue<string>();
    const onEvent = (event: { line: string }) => lines.push(event.line);
    const exitCode = (async () => {
      signal.throwIfAborted();
      return await this.#ask<number>('run', { host, app }, { app, launch }, { onEvent, signal });
    })().finally(() => lines.end());
    // Whoever reads only the lines must not be ended by a rejection that nobody took.
    exitCode.catch(() => undefined);
    return { lines, exitCode };
  }

  /** Ends the connections. What runs on the hosts goes on. */
  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  #link(host: string): HostLink {
    const link = this.#links.get(host);
    if (!link) throw new HostUnprepared(host, 'it is not among the hosts of the configuration');
    return link;
  }

  /** Every request but a command can be repeated: one that met a connection that had broken is, over a new one, but not one that was never answered. */
  async #ask<Result>(verb: Verb, asked: Asked, given: object, options: RequestOptions = {}): Promise<Result> {
    const link = this.#link(asked.host);
    const session = await link.session();
    const answer = session.request<Result>(verb, given, options).catch(async (error: unknown) => {
      if (session.isOpen || verb === 'run' || !(error instanceof HostUnreachable)) throw error;
      return (await link.session()).request<Result>(verb, given, options);
    });
    return await translated(answer, asked);
  }

  async #observe(link: HostLink, app: string): Promise<readonly SlotProcess[]> {
    const host = link.target.name;
    const key = `${host}/${app}`;
    try {
      const session = await link.sessionSoon();
      const options = { deadlineMs: OBSERVE_DEADLINE_MS };
      const found = await session.request<Omit<SlotProcess, 'host'>[]>('observe', { app }, options);
      const processes = found.map((process) => ({ ...process, host }));
      this.#seen.set(key, processes);
      return processes;
    } catch (error) {
      if (!(error instanceof SshError)) throw translatedError(error, { host, app });
      return (this.#seen.get(key) ?? []).map((process) => ({ ...process, state: 'unknown' as const }));
    }
  }

  async *#watch(link: HostLink, app: string, signal: AbortSignal): AsyncGenerator<void> {
    while (!signal.aborted) {
      // Whatever happened before the watch began, or while the host was gone, may have been missed.
      yield* this.#stream<void>(link, 'watch', { app }, signal, {});
      yield;
    }
  }

  async *#logs(link: HostLink, app: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    let after: string | undefined;
    do {
      const given = { app, ...query, ...(after !== undefined && { after }) };
      const limit = query.follow ? {} : { deadlineMs: LOGS_DEADLINE_MS };
      for await (const line of this.#stream<LogLine & { cursor: string }>(
        link,
        'logs',
        given,
        signal,
        limit,
      )) {
        after = line.cursor;
        yield { slot: line.slot, text: line.text };
      }
    } while (query.follow && !signal.aborted);
  }

  /** The events of a request. Ends, after a pause, when the host goes away, so that it can be asked again. */
  async *#stream<Event>(
    link: HostLink,
    verb: Verb,
    given: object,
    signal: AbortSignal,
    options: RequestOptions,
  ): AsyncGenerator<Event> {
    const ending = new AbortController();
    try {
      const session = await link.session();
      yield* eventsOf<Event>(session, verb, given, {
        ...options,
        signal: AbortSignal.any([signal, ending.signal]),
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SshError)) throw translatedError(error, { host: link.target.name, app: '' });
      await delay(FOLLOW_PAUSE_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      ending.abort();
    }
  }
}

function eventsOf<Event>(
  session: HostSession,
  verb: Verb,
  given: object,
  options: RequestOptions,
): AsyncIterable<Event> {
  const events = new EventQueue<Event>();
  const onEvent = (event: Event) => events.push(event);
  session.request(verb, given, { ...options, onEvent }).then(
    () => events.end(),
    (error: unknown) => events.end(error),
  );
  // Nobody is kept waiting for a host that no longer answers.
  options.signal?.addEventListener('abort', () => events.end(), { once: true });
  return events;
}

function translatedError(error: unknown, asked: Asked): unknown {
  return error instanceof HostAnsweredError ? refusalOf(error.error, asked) : error;
}

function translated<Result>(answer: Promise<Result>, asked: Asked): Promise<Result> {
  return answer.catch((error: unknown) => {
    throw translatedError(error, asked);
  });
}
