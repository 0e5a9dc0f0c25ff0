import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { directoryIdentity } from '../../../directory-identity.ts';
import { type SlotId, slotId } from '../../../rollout/slot.ts';
import { balancerSchema, keptLaunchSchema, listenSchema, slotSchema } from './protocol.ts';
import { say } from './say.ts';

const processSchema = z.object({ pid: z.int(), identity: z.string(), startedAt: z.number() });
const exitSchema = z.object({ at: z.number(), reason: z.string() });

const slotRecordSchema = z.object({
  slot: slotSchema,
  host: z.string(),
  launch: keptLaunchSchema,
  /** Its secrets are in the slot's own file. */
  hasSecrets: z.boolean().optional(),
  /** What was asked for; after a reboot everything wanted is started again. */
  wanted: z.enum(['running', 'stopped']),
  process: processSchema.optional(),
  restarts: z.int(),
  lastExit: exitSchema.optional(),
  /** Size of the slot's log, in bytes, when this generation was first started. */
  logBegin: z.int().optional(),
});

const balancerRecordSchema = z.object({
  request: balancerSchema,
  /** With the port that was chosen, where any was asked for. */
  listen: listenSchema,
  process: processSchema.optional(),
  /** Balancers that were told to end and may still answer their last requests. */
  retiring: z.array(processSchema),
  restarts: z.int(),
  lastExit: exitSchema.optional(),
});

const recordSchema = z.object({
  version: z.literal(1),
  /** The boot during which the processes below were started. */
  boot: z.string(),
  /** The identity of the folder that this was written in. */
  folder: z.string().optional(),
  /** The highest fence seen, by app. */
  fences: z.record(z.string(), z.int()),
  slots: z.array(slotRecordSchema),
  oneOffs: z.array(processSchema),
  balancer: balancerRecordSchema.optional(),
});

export type SlotRecord = z.infer<typeof slotRecordSchema>;
export type BalancerRecord = z.infer<typeof balancerRecordSchema>;
type RecordContent = z.infer<typeof recordSchema>;

/** What must survive the supervisor: `supervisor.json`. Holds the environment of instances, hence 0600. */
export class SupervisorRecord {
  readonly #file: string;
  readonly content: RecordContent;

  private constructor(file: string, content: RecordContent) {
    this.#file = file;
    this.content = content;
  }

  /** Throws {@link UnreadableRecord} when the file is damaged: guessing would start or stop the wrong things. */
  static load(file: string, boot: string): SupervisorRecord {
    const folder = directoryIdentity(dirname(file));
    const empty: RecordContent = { version: 1, boot, folder, fences: {}, slots: [], oneOffs: [] };
    if (!existsSync(file)) return new SupervisorRecord(file, empty);
    try {
      const content = recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
      const isCopy = content.folder !== undefined && content.folder !== folder;
      return new SupervisorRecord(file, { ...(isCopy ? withoutProcesses(content) : content), folder });
    } catch (cause) {
      throw new UnreadableRecord(file, cause);
    }
  }

  slot(id: SlotId): SlotRecord | undefined {
    return this.content.slots.find((record) => slotId(record.slot) === id);
  }

  /**
   * As {@link save}, but says so when it cannot: a full disk must keep nothing from being started or stopped, and the next
   * change saves again.
   */
  saveIfPossible(): void {
    try {
      this.save();
    } catch (error) {
      say(`supervisor.json was not saved: ${(error as Error).message}`);
    }
  }

  /**
   * Writes atomically and through to the disk. Synchronous on purpose: a process that was just started is on record
   * before anything else can happen here, so a later supervisor finds it.
   */
  save(): void {
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    const next = `${this.#file}.next`;
    const descriptor = openSync(next, 'w', 0o600);
    writeFileSync(descriptor, JSON.stringify(this.content, undefined, 1));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(next, this.#file);
  }
}

/**
 * Of a copy: its processes, and the balancer with its sockets, are those of the state directory that was copied. Taking
 * them up would end another production's instances.
 */
function withoutProcesses({ balancer: _, ...content }: RecordContent): RecordContent {
  return {
    ...content,
    slots: content.slots.map(({ process: __, ...slot }) => slot),
    oneOffs: [],
  };
}

export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
  readonly code = 'unreadable-record';
  constructor(file: string, cause: unknown) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    super(
      `${file} cannot be read, so it is not known what to keep running: ${why}\n` +
        'Put a backup of it back, or move it away and deploy again (instances that run now must then be ended by hand)',
      { cause },
    );
  }
}
