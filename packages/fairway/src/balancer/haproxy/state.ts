import { z } from 'zod';
import type { PoolDefinition } from '../balancer.ts';
import {
  emptyRegistry,
  healthSchema,
  type RegistryState,
  registryStateSchema,
} from '../embedded/registry-state.ts';

/** Where in HAProxy's configuration the servers of an app are: which of its pre-declared lines each one has. */
export interface Placement {
  /** How many lines each backend of the app has. */
  readonly size: number;
  /** The line that is tried first for the next server: one that was left just now is used again last. */
  readonly next: number;
  readonly lines: Readonly<Record<string, Line>>;
  /** Lines that are checked otherwise than the pool says, with how. A line stays so until another check needs it. */
  readonly checks: Readonly<Record<string, PoolDefinition['health']>>;
}

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** An IP address: HAProxy takes no names at run time. */
  readonly address: string;
}

/** All that HAProxy is to do, as a value. Configuration, maps, server states and run-time commands follow from it. */
export interface HaproxyState {
  readonly registry: RegistryState;
  readonly placements: Readonly<Record<string, Placement>>;
}

export const emptyState: HaproxyState = { registry: emptyRegistry, placements: {} };

const placementSchema = z.object({
  size: z.number().int().positive(),
  next: z.number().int().positive(),
  lines: z.record(
    z.string(),
    z.object({ number: z.number().int().positive(), address: z.ipv4().or(z.ipv6()) }),
  ),
  checks: z.record(z.string().regex(/^[1-9]\d*$/), healthSchema),
});

const stateSchema = z.object({
  registry: registryStateSchema,
  placements: z.record(z.string(), placementSchema),
});

export function readState(text: string): HaproxyState {
  return stateSchema.parse(JSON.parse(text)) as HaproxyState;
}

export function writeState(state: HaproxyState): string {
  return `${JSON.stringify(state, null, 1)}\n`;
}
