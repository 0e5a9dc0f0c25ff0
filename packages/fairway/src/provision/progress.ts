import type { PlaybookEvent, TaskDiff } from './events.ts';
import { type TaskFailure, taskFailure } from './task-failure.ts';

/** How far Ansible is with a host. */
export interface HostProgress {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'unreachable';
  /** The task that runs, or the last one. */
  readonly task: string;
  readonly ok: number;
  /** Tasks that changed something, or would. */
  readonly changes: readonly TaskChange[];
  /** What stopped it. */
  readonly failure: TaskFailure | undefined;
  /** What a playbook said about the host by `debug`. */
  readonly messages: readonly string[];
  readonly spentMs: number;
}

export interface TaskChange {
  readonly task: string;
  readonly diffs: readonly TaskDiff[];
  readonly durationMs: number;
}

export type Progress = ReadonlyMap<string, HostProgress>;

export function progressOf(hosts: readonly string[]): Progress {
  return new Map(hosts.map((name) => [name, waiting(name)]));
}

function waiting(name: string): HostProgress {
  return {
    name,
    state: 'waiting',
    task: '',
    ok: 0,
    changes: [],
    failure: undefined,
    messages: [],
    spentMs: 0,
  };
}

/** The progress after an event. */
export function withEvent(progress: Progress, event: PlaybookEvent): Progress {
  if (event.event === 'play') return progress;
  if (event.event === 'stats')
    return new Map([...progress].map(([name, host]) => [name, ended(host, event)]));
  const before = progress.get(event.host) ?? waiting(event.host);
  return new Map(progress).set(event.host, withTask(before, event));
}

type TaskEvent = Exclude<PlaybookEvent, { event: 'play' | 'stats' }>;

function withTask(host: HostProgress, event: TaskEvent): HostProgress {
  const task = taskName(event.task);
  switch (event.event) {
    case 'task':
      return { ...host, state: 'running', task };
    case 'ok': {
      const change = { task, diffs: event.diff, durationMs: event.durationMs };
      return {
        ...host,
        ok: host.ok + 1,
        changes: event.changed ? [...host.changes, change] : host.changes,
        messages: event.message === undefined ? host.messages : [...host.messages, event.message],
        spentMs: host.spentMs + event.durationMs,
      };
    }
    case 'item-failed':
      return { ...host, failure: taskFailure(event, event.item) };
    case 'failed':
      // Of a loop the item has said more than the task can.
      if (event.ignored) return { ...host, failure: undefined };
      return isOfItem(host.failure, task)
        ? { ...host, failure: { ...host.failure!, path: event.path } }
        : { ...host, failure: taskFailure(event) };
    case 'unreachable':
      return { ...host, state: 'unreachable', failure: taskFailure(event) };
    case 'skipped':
      return host;
  }
}

function isOfItem(failure: TaskFailure | undefined, task: string): boolean {
  return failure?.item !== undefined && failure.task === task;
}

/** A failed task may have been rescued by others: what counts is what Ansible says of the host in the end. */
function ended(host: HostProgress, { hosts }: Extract<PlaybookEvent, { event: 'stats' }>): HostProgress {
  const counts = hosts[host.name];
  if (counts === undefined) return host;
  if (counts.unreachable > 0) return { ...host, state: 'unreachable' };
  if (counts.failures > 0) return { ...host, state: 'failed' };
  return { ...host, state: 'done', failure: undefined };
}

/** Ansible says `base : Install …`. */
export function taskName(task: string): string {
  return task.replace(' : ', ': ');
}
