import type { HostProgress } from '../../provision/progress.ts';

/** What `fairway provision --json` prints. */
export function provisionJson(hosts: readonly HostProgress[], ms: number) {
  return {
    seconds: ms / 1000,
    changed: hosts.reduce((sum, host) => sum + host.changes.length, 0),
    hosts: hosts.map(({ name, state, ok, changes, failure, messages }) => ({
      name,
      state,
      ok,
      changed: changes.length,
      changes: changes.map(({ task, durationMs, diffs }) => ({ task, durationMs, diffs })),
      messages,
      ...(failure && { failure }),
    })),
  };
}
