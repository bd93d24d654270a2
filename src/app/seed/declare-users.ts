/** Declares IAM users at a start, with known access keys and secrets. */

import { createUser } from '#identity/accounts/users.ts'
import { createAdministrator } from '#identity/administrator.ts'
import type { AccessKey } from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed, secondOf } from '#identity/entities/entity.ts'
import { holderKinds, putInline } from '#identity/entities/policy-holder.ts'
import type { Identities } from '#identity/identities.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'

export interface DeclaredUser {
  readonly name?: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Identity policy. Without one, the user has no permissions. */
  readonly policy?: object
}

/** Creates the administrator and the users, or updates their keys and policies. Throws MalformedPolicyDocument. */
export async function declareUsers(
  identities: Identities,
  administrator: { readonly accessKeyId: string; readonly secretAccessKey: string },
  users: readonly DeclaredUser[],
): Promise<void> {
  for (const { policy } of users) if (policy !== undefined) parsePolicy(JSON.stringify(policy), 'identity')
  const accountId = identities.findAccount(identities.ownerId) ?? ''
  await identities.change(accountId, (account, nowMs) => {
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = administrator
    createAdministrator(account, { accessKey, secretKey }, nowMs)
    for (const user of users) declareUser(account, user, identities.secrets.format(user.secretAccessKey), nowMs)
  })
}

function declareUser(account: Account, declared: DeclaredUser, sealedSecret: string, nowMs: number): void {
  const { accessKeyId, name = accessKeyId, policy } = declared
  const user = findNamed(account.users, name) ?? createUser(account, { name, path: '/' }, nowMs)
  const createdAt = secondOf(nowMs)
  const key: AccessKey = { id: accessKeyId, secret: sealedSecret, status: 'Active', createdAt }
  user.keys = [...user.keys.filter(({ id }) => id !== accessKeyId), key]
  if (policy !== undefined) putInline(holderKinds.user, user, 'declared', policy as Record<string, unknown>)
}
