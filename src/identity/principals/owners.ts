/** Accounts by their canonical ids and e-mail addresses. */

import type { Account } from '#identity/entities/account.ts'
import type { Owner } from '#model/account.ts'

export interface Ownership {
  readonly account: Account
  readonly owner: Owner
}

export interface OwnerIndex {
  readonly byCanonicalId: ReadonlyMap<string, Ownership>
  /** In lower case. */
  readonly byEmail: ReadonlyMap<string, Owner>
}

export function indexOwners(accounts: Iterable<Account>): OwnerIndex {
  const byCanonicalId = new Map<string, Ownership>()
  const byEmail = new Map<string, Owner>()
  for (const account of accounts) {
    const { canonicalId, users } = account
    const [first] = users
    const displayName = account.displayName || (first?.displayName ?? first?.name ?? account.id)
    const owner = { canonicalId, displayName }
    byCanonicalId.set(canonicalId, { account, owner })
    if (account.email !== undefined) byEmail.set(account.email.toLowerCase(), owner)
    for (const user of users) {
      // Users of version 1 can own buckets separately from their account.
      const own =
        user.canonicalId === undefined
          ? owner
          : { canonicalId: user.canonicalId, displayName: user.displayName ?? user.name }
      if (!byCanonicalId.has(own.canonicalId)) byCanonicalId.set(own.canonicalId, { account, owner: own })
      if (user.email !== undefined) byEmail.set(user.email.toLowerCase(), own)
    }
  }
  return { byCanonicalId, byEmail }
}
