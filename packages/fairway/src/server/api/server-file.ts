import { z } from '@hono/zod-openapi';

/** `server.json` in the state directory: how programs of the same user on this machine find and enter the server. */
export const ServerFile = z.object({
  url: z.string(),
  pid: z.number().int(),
  /** The identity of the state directory that it is the server of: a copy of that directory has another. */
  directory: z.string().optional(),
  /** An admin token's secret; the reason why the file is 0600. */
  token: z.string(),
});
export type ServerFile = z.infer<typeof ServerFile>;
