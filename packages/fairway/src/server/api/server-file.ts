import { z } from '@hono/zod-openapi';

/** `server.json` in the state directory: how programs of the same user on this machine find and enter the server. */
export const ServerFile = z.object({
  url: z.string(),
  pid: z.number().int(),
  /** An admin token's secret; the reason why the file is 0600. */
  token: z.string(),
});
export type ServerFile = z.infer<typeof ServerFile>;
