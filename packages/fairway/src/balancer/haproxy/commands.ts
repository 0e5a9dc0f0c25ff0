import type { ActualServer } from './server-states.ts';
import type { WantedServer } from './wanted.ts';

/**
 * What to say to HAProxy so that its servers become what they shall be; nothing when they are. HAProxy calls a server
 * up as soon as it leaves maintenance, before its first check: so one that is checked leaves it drained, with its
 * address set and its health taken away, before anything else is said about it. Where it serves already on the other side
 * of a split, its health is known, and is taken along. `splits` are said when whoever gains by them is there, and before
 * anyone leaves.
 */
export function commandsFor(
  wanted: readonly WantedServer[],
  actual: readonly ActualServer[],
  splits: readonly string[] = [],
): string[] {
  const known = new Map(actual.map((server) => [id(server), server]));
  const arriving: string[] = [];
  const changing: string[] = [];
  const leaving: string[] = [];
  for (const server of wanted) {
    const now = known.get(id(server));
    if (!now) continue;
    if (server.target === undefined) leaving.push(...leave(server, now));
    else if (server.checked && now.admission === 'maint')
      arriving.push(...arrive(server, server.target, isUp(server.twin)));
    else changing.push(...change(server, server.target, now));
  }
  return [...arriving, ...changing, ...splits, ...leaving];

  function isUp(twin: WantedServer['twin']): boolean {
    const now = twin && known.get(id(twin));
    return now?.admission === 'ready' && now.up;
  }
}

/** The servers that are not what they shall be, for people. */
export function differences(wanted: readonly WantedServer[], actual: readonly ActualServer[]): string[] {
  const known = new Map(actual.map((server) => [id(server), server]));
  return wanted.flatMap((server) => {
    const now = known.get(id(server));
    if (!now) return [`${id(server)} is missing`];
    if (server.target === undefined) return leave(server, now);
    return change(server, server.target, now);
  });
}

function arrive(
  server: WantedServer,
  target: { address: string; port: number },
  isKnownHealthy: boolean,
): string[] {
  const name = id(server);
  return [
    setAddress(server, target),
    // On one line, so that HAProxy never gets a half of it.
    `set server ${name} state drain; set server ${name} health ${isKnownHealthy ? 'up' : 'down'}`,
    ...(server.admission === 'drain' ? [] : [`set server ${name} state ready`]),
  ];
}

function change(
  server: WantedServer,
  target: { address: string; port: number },
  now: ActualServer,
): string[] {
  const commands: string[] = [];
  if (now.address !== target.address || now.port !== target.port) commands.push(setAddress(server, target));
  const admission = server.admission ?? 'ready';
  if (now.admission !== admission) commands.push(`set server ${id(server)} state ${admission}`);
  return commands;
}

function leave(server: WantedServer, now: ActualServer): string[] {
  const admission = server.admission ?? 'ready';
  if (now.admission === admission) return [];
  const name = id(server);
  // Promoted: what is under way here ends by itself.
  if (server.twin) return [`set server ${name} state ${admission}`];
  return [`set server ${name} state ${admission}`, `shutdown sessions server ${name}`];
}

function setAddress(server: WantedServer, { address, port }: { address: string; port: number }): string {
  return `set server ${id(server)} addr ${address} port ${port}`;
}

function id({ backend, name }: { backend: string; name: string }): string {
  return `${backend}/${name}`;
}

const ADDRESS_ANSWER = /^(no need to change the addr|IP changed from)[^\n]*$/;

/** HAProxy answers most of what it has done with nothing. Anything else is a refusal. */
export function isAccepted(answer: string): boolean {
  const text = answer.trim();
  return text === '' || ADDRESS_ANSWER.test(text);
}
