import type { Generated } from 'kysely';
import type { Role, RolloutKind, RolloutStatus } from '../store.ts';

/** The tables as `migrations.ts` leaves them. Times are Unix times in ms; columns that end in `_json` hold JSON. */
export interface Schema {
  rollouts: {
    id: string;
    app: string;
    /** Counts up per app. */
    number: number;
    kind: RolloutKind;
    status: RolloutStatus;
    commit_id: string | null;
    release: string | null;
    requested_by: string;
    why: string;
    requested_at: number;
    finished_at: number | null;
    outcome: string | null;
  };
  journal: {
    sequence: Generated<number>;
    at: number;
    app: string;
    rollout: string;
    event_json: string;
  };
  leases: {
    app: string;
    /** Null once it was given back. The row stays, so that the fence never falls. */
    holder: string | null;
    fence: number;
    expires_at: number;
  };
  releases: {
    order_number: Generated<number>;
    app: string;
    id: string;
    commit_id: string;
    subject: string;
    author: string;
    sha256: string;
    file: string;
    size_bytes: number;
    built_at: number;
    build_key: string;
    launch_json: string;
  };
  standings: {
    order_number: Generated<number>;
    app: string;
    release: string;
    config: string;
    rollout: string;
    since: number;
  };
  pins: { digest: string; json: string };
  ports: { app: string; instance: string; slot: string; host: string; port: number };
  audit: {
    sequence: Generated<number>;
    at: number;
    actor: string;
    action: string;
    subject: string;
    why: string;
  };
  tokens: {
    id: string;
    name: string;
    role: Role;
    secret_sha256: string;
    created_at: number;
    last_used_at: number | null;
  };
}
