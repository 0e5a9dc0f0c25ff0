import type { HaproxyState } from './state.ts';
import { type Admission, type WantedServer, wantedServers } from './wanted.ts';

const COLUMNS =
  'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ' +
  'srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state ' +
  'bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr ' +
  'srv_agent_addr srv_agent_port';
const FORCED_MAINTENANCE = 0x01;
const FORCED_DRAIN = 0x08;
const UP = 2;
/** More than any `rise`: HAProxy takes the most that fits. */
const MANY_CHECKS_PASSED = 1_000;

/**
 * The file that HAProxy takes its servers from when it starts. Written before every change, not dumped after it: so a
 * HAProxy that was killed comes back with what is wanted, and not with what was once.
 */
export function renderServerStates(state: HaproxyState): string {
  const rows = wantedServers(state).map(row);
  return `1\n# ${COLUMNS}\n${rows.join('')}`;
}

function row({ backend, name, target, admission, healthy, checked }: WantedServer): string {
  const { address, port } = target ?? { address: '127.0.0.1', port: 1 };
  const up = healthy && target;
  const health = up ? MANY_CHECKS_PASSED : 0;
  const operational = up || !checked ? UP : 0;
  // The columns that stay 0 are ids, which HAProxy finds by the names, and what it finds out again.
  return (
    `0 ${backend} 0 ${name} ${address} ${operational} ${adminFlags(admission)} 1 1 0 1 0 ${health} 6 0 0 0 ${name}.invalid ` +
    `${port} - 0 0 - - 0\n`
  );
}

function adminFlags(admission: Admission | undefined): number {
  if (admission === 'maint') return FORCED_MAINTENANCE;
  return admission === 'drain' ? FORCED_DRAIN : 0;
}

/** One server as HAProxy has it. */
export interface ActualServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** By its own word; what it inherits from the server that it follows is left out. */
  readonly admission: Admission;
  readonly up: boolean;
}

/** Reads what `show servers state` answers. */
export function parseServerStates(text: string): ActualServer[] {
  const servers: ActualServer[] = [];
  for (const line of text.split('\n')) {
    const columns = line.split(' ');
    if (columns.length < 19 || columns[0] === '#') continue;
    const flags = Number(columns[6]);
    servers.push({
      backend: columns[1]!,
      name: columns[3]!,
      address: columns[4]!,
      port: Number(columns[18]),
      admission: flags & FORCED_MAINTENANCE ? 'maint' : flags & FORCED_DRAIN ? 'drain' : 'ready',
      up: Number(columns[5]) === UP,
    });
  }
  return servers;
}
