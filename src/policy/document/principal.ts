/** Whether a Principal element matches a requester, and how directly. This decides which other policies must allow. */

import { numberless } from '#model/account.ts'
import type { Requester } from '#policy/requester.ts'
import type { PrincipalElement } from './document.ts'

/**
 * `account`: the requester's account is named, which may then allow it by its own policies. `issuer`: everyone, or the
 * assumed role; boundaries and session policies still apply to a session. `self`: exactly this requester.
 */
export type Match = 'none' | 'account' | 'issuer' | 'self'

const ranks: Readonly<Record<Match, number>> = { none: 0, account: 1, issuer: 2, self: 3 }

export const atLeast = (match: Match, least: Match): boolean => ranks[match] >= ranks[least]

export type PrincipalMatcher = (requester: Requester) => Match

export function compilePrincipal(element: PrincipalElement): PrincipalMatcher {
  const accounts = new Set<string>()
  const direct = new Set<string>()
  const canonicalIds = new Set<string>()
  const federated = new Set<string>()
  const services = new Set<string>()
  for (const { kind, name } of element.names) {
    const account = kind === 'AWS' ? accountNamed(name) : undefined
    if (account !== undefined) accounts.add(account)
    else ({ AWS: direct, CanonicalUser: canonicalIds, Federated: federated, Service: services })[kind].add(name)
  }

  const match: PrincipalMatcher = (requester) => {
    const { type, arn } = requester
    if (type === 'web-identity') return federated.has(arn) || federated.has('*') ? 'self' : 'none'
    if (type === 'service') return services.has(arn) ? 'self' : 'none'
    if (direct.size > 0 && arn !== '') {
      // A role itself matches like the issuer of its sessions.
      if (direct.has(arn)) return type === 'role' ? 'issuer' : 'self'
      if (requester.aliases?.some((alias) => direct.has(alias))) return 'self'
      if (requester.issuerArn !== undefined && direct.has(requester.issuerArn)) return 'issuer'
    }
    if (element.isEveryone) return 'issuer'
    const isOfAccount = accounts.has(requester.account) || canonicalIds.has(requester.canonicalId)
    return isOfAccount && requester.account !== '' ? (type === 'root' ? 'self' : 'account') : 'none'
  }
  return element.isNegated ? negate(match) : match
}

/**
 * NotPrincipal excludes the named principals. The root of an account counts as its account; naming the account does not
 * exclude its users.
 */
const negate =
  (match: PrincipalMatcher): PrincipalMatcher =>
  (requester) =>
    atLeast(match(requester), 'issuer') ? 'none' : 'self'

/** The account that a principal of kind AWS names: its number, or the ARN of its root. */
export function accountNamed(name: string): string | undefined {
  if (name === 'arn:aws:iam:::root') return numberless
  return /^(?:arn:[a-z-]+:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1]
}
