/** Trust policies are in the same document as their principals, and follow a rename in the same change. */
import type { Account } from '#identity/entities/account.ts'
import { withPrincipals } from '#identity/principals/bound-principals.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'

/** ARNs by unique id. */
type ArnsById = ReadonlyMap<string, string>

export function arnsById({ id, users, roles }: Account): ArnsById {
  return new Map([
    ...users.map((user) => [user.id, arnOf(id, 'user', user)] as const),
    ...roles.map((role) => [role.id, arnOf(id, 'role', role)] as const),
  ])
}

/**
 * Replaces an old ARN by the new one, and the ARN of a removed principal by its unique id. Returns the ids of
 * principals that were renamed or removed.
 */
export function followPrincipals(accounts: readonly Account[], before: ArnsById, after: ArnsById): ReadonlySet<string> {
  const changed = new Map<string, string>()
  const ids = new Set<string>()
  for (const [id, arn] of before) {
    if (after.get(id) === arn) continue
    changed.set(arn, after.get(id) ?? id)
    ids.add(id)
  }
  if (changed.size === 0) return ids
  for (const { roles } of accounts) for (const role of roles) role.trust = withPrincipals(role.trust, changed)
  return ids
}
