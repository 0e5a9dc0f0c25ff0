import { z } from '@hono/zod-openapi';
import { name, time } from './fields.ts';

const roleExpected = '"viewer", "deployer" or "admin"';
export const Role = z.enum(['viewer', 'deployer', 'admin'], { error: roleExpected }).openapi('Role');
export type Role = z.infer<typeof Role>;

export const TokenRecord = z
  .object({ id: z.string(), name: z.string(), role: Role, createdAt: time, lastUsedAt: time.optional() })
  .openapi('Token');
export type TokenRecord = z.infer<typeof TokenRecord>;

export const TokenList = z.object({ tokens: z.array(TokenRecord).readonly() }).openapi('TokenList');
export type TokenList = z.infer<typeof TokenList>;

export const CreateTokenRequest = z.strictObject({ name, role: Role }).openapi('CreateTokenRequest');
export type CreateTokenRequest = z.input<typeof CreateTokenRequest>;

/** The only time that the secret is shown; the server keeps its digest. */
export const CreatedToken = z.object({ token: TokenRecord, secret: z.string() }).openapi('CreatedToken');
export type CreatedToken = z.infer<typeof CreatedToken>;

export const AuditEntry = z
  .object({
    sequence: z.number().int(),
    at: time,
    by: z.string(),
    action: z.string(),
    subject: z.string(),
    why: z.string(),
  })
  .openapi('AuditEntry');
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Newest first; `before` of the next page is the last entry's sequence. */
export const AuditPage = z.object({ entries: z.array(AuditEntry).readonly() }).openapi('AuditPage');
export type AuditPage = z.infer<typeof AuditPage>;
