/** iam.json, version 2: accounts, each with its users, groups, roles, policies and providers. */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { accessKeySchema } from './access-key.ts'
import { derivedId, type Entity } from './entity.ts'
import { groupKind, groupSchema } from './group.ts'
import { instanceProfileKind, instanceProfileSchema } from './instance-profile.ts'
import { managedPolicySchema, policyKind } from './managed-policy.ts'
import { oidcProviderSchema } from './oidc-provider.ts'
import { roleKind, roleSchema } from './role.ts'
import { userKind, userSchema } from './user.ts'

export const defaultAccount = '000000000000'

/** 64 hex digits, constant for an account. */
export const canonicalIdOf = (account: string): string => createHash('sha256').update(account).digest('hex')

const accountSchema = z.strictObject({
  /** Twelve digits. `none` is for users of Ceph without an account: their ARNs contain no account either. */
  id: z.string().regex(/^(\d{12}|none)$/),
  /** 64 hex digits: the owner of the account's buckets. Derived from the id by default. */
  canonicalId: z.string().max(64).default(''),
  displayName: z.string().max(256).default(''),
  alias: z.string().optional(),
  /** The name of the account in access control lists. */
  email: z.string().min(3).max(254).optional(),
  /** Access keys of the account's root, which may do everything in the account. */
  keys: z.array(accessKeySchema).default([]),
  users: z.array(userSchema).default([]),
  groups: z.array(groupSchema).default([]),
  roles: z.array(roleSchema).default([]),
  policies: z.array(managedPolicySchema).default([]),
  instanceProfiles: z.array(instanceProfileSchema).default([]),
  oidcProviders: z.array(oidcProviderSchema).default([]),
  /** Ids of the last tasks that deleted a service-linked role. */
  roleDeletions: z.array(z.string().max(1000)).max(1000).optional(),
})
export type Account = z.infer<typeof accountSchema>

/** The first account is the server's own: it owns all buckets without another owner. */
export const identityDocumentSchema = z
  .strictObject({ version: z.literal(2), accounts: z.array(accountSchema).min(1) })
  .transform(fillIn)
export interface IdentityDocument {
  version: 2
  accounts: Account[]
}

export function emptyAccount(id: string): Account {
  const lists = { keys: [], users: [], groups: [], roles: [], policies: [], instanceProfiles: [], oidcProviders: [] }
  return { id, canonicalId: canonicalIdOf(id), displayName: '', ...lists }
}

/** Fills in what hand-written entries leave out and what is derived. */
function fillIn(document: IdentityDocument): IdentityDocument {
  for (const account of document.accounts) {
    account.canonicalId ||= canonicalIdOf(account.id)
    const fill = (list: readonly Entity[], idPrefix: string) => {
      for (const entity of list) entity.id ||= derivedId(idPrefix, account.id, entity.name)
    }
    fill(account.users, userKind.idPrefix)
    fill(account.groups, groupKind.idPrefix)
    fill(account.roles, roleKind.idPrefix)
    fill(account.policies, policyKind.idPrefix)
    fill(account.instanceProfiles, instanceProfileKind.idPrefix)
  }
  return document
}
