import { z } from '@hono/zod-openapi';

/** The one shape of every answer that is not a success. */
export const Problem = z
  .object({
    error: z.object({
      /** For programs: stable, lower case, with dashes. */
      code: z.string(),
      /** For people: what failed, and the fact that shows it. */
      message: z.string(),
      /** What to do next. */
      hint: z.string().optional(),
      /** Each of several: one line each, as a person should read it. */
      problems: z.array(z.string()).readonly().optional(),
      /** Of this request; the server's log has the same. */
      requestId: z.string().optional(),
    }),
  })
  .openapi('Problem');
export type Problem = z.infer<typeof Problem>;
