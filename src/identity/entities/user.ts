import * as z from 'zod'
import { accessKeySchema } from './access-key.ts'
import { entityShape, type Kind, moment, tagsSchema } from './entity.ts'
import { boundaryShape, policyHolderShape } from './policy-holder.ts'

const loginSchema = z.strictObject({
  /** argon2id in PHC form. */
  passwordHash: z.string().startsWith('$argon2id$'),
  createdAt: moment,
  mustChange: z.boolean().default(false),
})

export const userSchema = z.strictObject({
  ...entityShape,
  ...policyHolderShape,
  ...boundaryShape,
  tags: tagsSchema,
  displayName: z.string().max(256).optional(),
  /** 64 hex digits. Only users of version 1 can own buckets separately from their account. */
  canonicalId: z.string().min(1).max(64).optional(),
  /** The name of the user's account in access control lists. */
  email: z.string().min(3).max(254).optional(),
  keys: z.array(accessKeySchema).default([]),
  login: loginSchema.optional(),
  /** Names of groups. */
  groups: z.array(z.string()).default([]),
})
export type User = z.infer<typeof userSchema>
export type Login = z.infer<typeof loginSchema>

export const userKind: Kind = {
  idPrefix: 'AIDA',
  // AWS allows 5,000; this server does not need that limit.
  max: 50_000,
  quotaName: 'UsersPerAccount',
  missing: (name) => `The user with name ${name} cannot be found.`,
  exists: (name) => `User with name ${name} already exists.`,
}
