import { stripVTControlCharacters } from 'node:util';
import type { Hosts } from '../hosts/hosts.ts';
import type { SlotAddress } from '../rollout/slot.ts';

/** A crash of Node prints its reason first, then two traces and the error's fields: some 25 lines. */
const LINES = 30;
const TIMEOUT_MS = 3_000;

/**
 * The last lines that what runs in a slot has logged, and nothing of what ran there before; none if they cannot be had:
 * evidence must not hold up a decision.
 */
export async function lastLogLines(hosts: Hosts, address: SlotAddress): Promise<readonly string[]> {
  const lines: string[] = [];
  const query = { instance: address.instance, lines: LINES, sinceStart: true, follow: false };
  try {
    for await (const line of hosts.logs(address.app, query, AbortSignal.timeout(TIMEOUT_MS)))
      if (line.slot.slot === address.slot) lines.push(stripVTControlCharacters(line.text));
  } catch {
    return lines;
  }
  return lines.slice(-LINES);
}
