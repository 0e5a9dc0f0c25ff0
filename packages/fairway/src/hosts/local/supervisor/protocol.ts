import { z } from 'zod';
import type { Launch } from '../../hosts.ts';

/** What client and supervisor say to each other: JSON over HTTP over a unix socket. Types follow `hosts/hosts.ts`. */

/** Becomes part of a path: no slash, and not hidden, so neither `..` nor the name of something half done. */
export const nameSchema = z
  .string()
  .regex(/^[^./\0][^/\0]*$/, 'must be a plain name, without slash or leading dot');

export const slotSchema = z.object({ app: nameSchema, instance: nameSchema, slot: z.enum(['a', 'b']) });

/** What is kept of a launch in `supervisor.json`: everything but the values of its secrets. */
export const keptLaunchSchema = z.object({
  generation: z.templateLiteral([z.string(), '+', z.string()]),
  release: nameSchema,
  command: z.array(z.string()).min(1),
  directory: z.string(),
  path: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()),
  port: z.int().min(0).max(65535),
  memoryLimitBytes: z.int().positive().optional(),
  cpuLimit: z.number().positive().optional(),
  stopTimeoutMs: z.number().min(0),
  log: z.object({ maxBytes: z.int().positive(), keep: z.int().min(0) }).optional(),
});

const launchSchema = keptLaunchSchema.extend({ secrets: z.record(z.string(), z.string()).optional() });

const fence = z.int().min(0);

export const installSchema = z.object({
  app: nameSchema,
  release: nameSchema,
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex'),
  fence,
});

export const startSchema = z.object({ host: z.string(), slot: slotSchema, launch: launchSchema, fence });
export const stopSchema = z.object({ slot: slotSchema, fence });
export const pruneSchema = z.object({ app: nameSchema, keep: z.array(z.string()), fence });
export const appSchema = z.object({ app: nameSchema });
export const runSchema = z.object({
  id: nameSchema,
  host: z.string(),
  app: nameSchema,
  launch: launchSchema,
});

export const logsSchema = z.object({
  app: nameSchema,
  instance: nameSchema.optional(),
  lines: z.int().min(0),
  sinceStart: z.boolean().optional(),
  follow: z.boolean(),
});

export const listenSchema = z.object({ address: z.string(), port: z.int().min(0).max(65535) });
export const balancerSchema = z.object({
  listen: listenSchema,
  stateDirectory: z.string(),
  socketPath: z.string(),
});

export const shutdownSchema = z.object({ stopInstances: z.boolean() });

/** A launch without the values of its secrets. */
export type KeptLaunch = Omit<Launch, 'secrets'>;

export type RunRequest = Omit<z.infer<typeof runSchema>, 'launch'> & { readonly launch: Launch };
export type BalancerRequest = z.infer<typeof balancerSchema>;

export interface BalancerStatus {
  /** Undefined while it is being started again. */
  readonly pid?: number;
  readonly address: string;
  /** The one that it really listens on. */
  readonly port: number;
  /** How often it ended by itself. */
  readonly restarts: number;
  readonly lastExit?: { readonly at: number; readonly reason: string };
}

export interface SupervisorStatus {
  readonly pid: number;
  /** Unix time, ms. */
  readonly startedAt: number;
  readonly stateDirectory: string;
  /** How many instances it is to keep running. */
  readonly instances: number;
}

/** One line of the answer to `run`. */
export type RunMessage = { readonly line: string } | { readonly exitCode: number };

/** The body of every answer that is not 2xx. */
export interface Refused {
  readonly code: string;
  readonly message: string;
}
