import type { Logger } from 'pino';
import type { Controller } from '../runner/controller.ts';
import type { Store, TokenRecord } from '../store/store.ts';

/** What the handlers of requests work with. */
export interface ServerParts {
  readonly controller: Controller;
  readonly store: Store;
  readonly log: Logger;
  /** What alerts are signed with. */
  readonly alertKey: string;
  /** Prometheus text of this moment. */
  readonly metrics: () => Promise<string>;
  /** Aborts when the server is told to end: every stream ends with it. */
  readonly closing: AbortSignal;
}

/** What is known of a request once it passed the door. */
export interface RequestEnv {
  Variables: {
    requestId: string;
    token: TokenRecord;
    /** Who asks, for journal and audit: the token's name, and the person that the client names. Printable. */
    by: string;
  };
}
