/**
 * Version 1 of iam.json: users with one key each and coarse actions on buckets. It is converted to the equivalent in
 * version 2.
 */
import * as z from 'zod'
import { canonicalIdOf, defaultAccount, emptyAccount, type IdentityDocument } from '#identity/entities/account.ts'
import { derivedId, findNamed, namePattern } from '#identity/entities/entity.ts'
import { type User, userKind } from '#identity/entities/user.ts'
import { policyOfCoarseGrants } from '#policy/advice/coarse-actions.ts'
import { formatPolicy } from './policy-text.ts'

const userV1 = z.looseObject({
  access_key: z.string().min(1),
  secret_key: z.string().min(1),
  display_name: z.string().default(''),
  policies: z.array(z.looseObject({ bucket: z.string(), actions: z.array(z.string()) })).default([]),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
  canonical_id: z.string().min(1).max(64).optional(),
  session_token: z.string().min(1).optional(),
  email: z.string().min(3).max(254).optional(),
})
type UserV1 = z.infer<typeof userV1>

const documentV1 = z.looseObject({ users: z.array(userV1) })

export const isDocumentV1 = (raw: unknown): boolean =>
  typeof raw === 'object' && raw !== null && 'users' in raw && !('accounts' in raw)

export const documentV1Schema = documentV1.transform(({ users }): IdentityDocument => {
  const [first] = users
  const document: IdentityDocument = { version: 2, accounts: [emptyAccount(first?.account ?? defaultAccount)] }
  for (const user of users) addUser(document, user)
  return document
})

function addUser(document: IdentityDocument, old: UserV1): void {
  const id = old.account ?? defaultAccount
  const known = document.accounts.find((one) => one.id === id)
  const account = known ?? emptyAccount(id)
  if (known === undefined) document.accounts.push(account)
  if (account.users.length === 0) {
    account.canonicalId = old.canonical_id ?? canonicalIdOf(id)
    account.displayName = old.display_name
  }
  const isOwnName = namePattern.test(old.display_name) && findNamed(account.users, old.display_name) === undefined
  const name = isOwnName ? old.display_name : nameFrom(old.access_key)
  const createdAt = '1970-01-01T00:00:00.000Z'
  const key = { id: old.access_key, secret: old.secret_key, status: 'Active' as const, createdAt }
  const canonicalId = old.canonical_id
  const user: User = {
    name,
    path: '/',
    id: derivedId(userKind.idPrefix, id, name),
    createdAt,
    tags: {},
    ...(old.display_name === '' || old.display_name === name ? {} : { displayName: old.display_name }),
    ...(canonicalId === undefined || canonicalId === account.canonicalId ? {} : { canonicalId }),
    ...(old.email === undefined ? {} : { email: old.email }),
    keys: [old.session_token === undefined ? key : { ...key, sessionToken: old.session_token }],
    groups: [],
    attached: [],
    inline: Object.fromEntries(
      old.policies.flatMap(({ bucket, actions }, at) => {
        const policy = policyOfCoarseGrants([{ bucket, actions }])
        return policy.statements.length === 0 ? [] : [[`bucket-${at + 1}`, formatPolicy(policy)]]
      }),
    ),
  }
  account.users.push(user)
}

const nameFrom = (accessKey: string): string => accessKey.replace(/[^\w+=,.@-]/g, '-').slice(0, 128)
