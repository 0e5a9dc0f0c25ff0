/** Which of an instance's two places: the next release can start in the free one beside the release that serves. */
export type SlotName = 'a' | 'b';

/** The place where one copy of an app runs. Unique over the production. */
export interface SlotAddress {
  readonly app: string;
  /** The instance's name within its app: `1`…`5` on this machine, a host's name elsewhere. */
  readonly instance: string;
  readonly slot: SlotName;
}

/** `app/instance/slot`, the form used in logs, journals and registries. */
export type SlotId = `${string}/${string}/${SlotName}`;

/** The text form of an address. App and instance names hold no slash (the configuration checks it). */
export function slotId(address: SlotAddress): SlotId {
  return `${address.app}/${address.instance}/${address.slot}`;
}

/** Reads what {@link slotId} wrote; undefined when the text has another form. */
export function parseSlotId(text: string): SlotAddress | undefined {
  const match = /^([^/]+)\/([^/]+)\/([ab])$/.exec(text);
  if (!match) return undefined;
  return { app: match[1]!, instance: match[2]!, slot: match[3] as SlotName };
}

export function otherSlot(slot: SlotName): SlotName {
  return slot === 'a' ? 'b' : 'a';
}

/**
 * What an instance runs: a release together with the configuration it was started with. Two generations with the
 * same release differ when, say, an environment variable changed.
 */
export interface Generation {
  /** A release's id, see `build/release.ts`. */
  readonly release: string;
  /** Digest of the pinned configuration, see `config/pin.ts`. */
  readonly config: string;
}

/** `release+config`: the text that hosts and balancers carry as a label, and that observations compare. */
export type GenerationId = `${string}+${string}`;

export function generationId(generation: Generation): GenerationId {
  return `${generation.release}+${generation.config}`;
}
