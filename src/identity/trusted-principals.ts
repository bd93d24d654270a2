/**
 * Trust policies mean users and roles, not their names: they follow who is renamed, and whoever is made anew under an old name gains
 * nothing by it. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-users
 */
import type { Account } from './account.ts'
import type { PolicyText } from './entity.ts'
import { arnOf } from './principal-arn.ts'

/** ARNs by unique id. */
export type Principals = ReadonlyMap<string, string>

export function principalsOf({ id, users, roles }: Account): Principals {
  return new Map([
    ...users.map((user) => [user.id, arnOf(id, 'user', user)] as const),
    ...roles.map((role) => [role.id, arnOf(id, 'role', role)] as const),
  ])
}

/** Puts the new ARN in the place of an old one, and the unique id in the place of one who is gone. */
export function followPrincipals(accounts: readonly Account[], before: Principals, after: Principals): void {
  const changed = new Map<string, string>()
  for (const [id, arn] of before) if (after.get(id) !== arn) changed.set(arn, after.get(id) ?? id)
  if (changed.size === 0) return
  for (const { roles } of accounts) for (const role of roles) role.trust = withPrincipals(role.trust, changed)
}

function withPrincipals(trust: PolicyText, changed: ReadonlyMap<string, string>): PolicyText {
  const { Statement: statement } = trust
  const follow = (one: unknown) => (isRecord(one) ? followIn(one, changed) : one)
  return { ...trust, Statement: Array.isArray(statement) ? statement.map(follow) : follow(statement) }
}

function followIn(statement: PolicyText, changed: ReadonlyMap<string, string>): PolicyText {
  const followed = { ...statement }
  for (const element of ['Principal', 'NotPrincipal']) {
    const principal = statement[element]
    if (!isRecord(principal) || principal.AWS === undefined) continue
    const follow = (name: unknown) => (typeof name === 'string' ? (changed.get(name) ?? name) : name)
    followed[element] = {
      ...principal,
      AWS: Array.isArray(principal.AWS) ? principal.AWS.map(follow) : follow(principal.AWS),
    }
  }
  return followed
}

const isRecord = (value: unknown): value is PolicyText =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
