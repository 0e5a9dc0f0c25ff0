import { createHash } from 'node:crypto';
import { renderBackends } from './render-backend.ts';
import { renderFrontend } from './render-frontend.ts';
import { renderRoutes, renderSplits } from './render-maps.ts';
import { renderServerStates } from './server-states.ts';
import { type HaproxyState, writeState } from './state.ts';

/** The files of HAProxy's state directory that follow from the state. */
export interface StateFiles {
  readonly 'fairway.cfg': string;
  readonly 'hosts.map': string;
  readonly 'routes.map': string;
  readonly 'splits.map': string;
  readonly 'servers.state': string;
  readonly 'registry.json': string;
}

export const STATE_FILES = [
  'registry.json',
  'servers.state',
  'splits.map',
  'hosts.map',
  'routes.map',
  'fairway.cfg',
] as const satisfies readonly (keyof StateFiles)[];

/** What HAProxy reads only when it starts: a change of these needs a reload. */
const READ_AT_START = ['fairway.cfg', 'hosts.map', 'routes.map'] as const;

export function renderFiles(state: HaproxyState): StateFiles {
  const pools = Object.values(state.registry.pools);
  const { hosts, routes } = renderRoutes(pools.map(({ definition }) => definition));
  const body = [
    renderFrontend(pools.map(({ definition }) => definition.app)),
    ...pools.map(({ definition }) => renderBackends(definition, state.placements[definition.app]!)),
  ].join('\n');
  return {
    'fairway.cfg': `${identified(body, hosts, routes)}\n\n${body}`,
    'hosts.map': hosts,
    'routes.map': routes,
    'splits.map': renderSplits(state),
    'servers.state': renderServerStates(state),
    'registry.json': writeState(state),
  };
}

export function needsReload(before: Partial<StateFiles>, after: StateFiles): boolean {
  return READ_AT_START.some((name) => before[name] !== after[name]);
}

/** What a worker answers that was started with this configuration: so one is told from another whose reload never came. */
export function configurationOf(configuration: string): string | undefined {
  return /^ {2}set-var proc\.fairway str\(([0-9a-f]+)\)$/m.exec(configuration)?.[1];
}

function identified(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
  return `global\n  set-var proc.fairway str(${digest})`;
}
