import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Gatekeeper } from '#access/decide/gatekeeper.ts'
import { Identity } from '#identity/identity.ts'
import type { Principal } from '#model/account.ts'
import { accountPart } from '#model/account.ts'

const lists = [
  ['users', 'ListUsers', 'user/'],
  ['groups', 'ListGroups', 'group/'],
  ['roles', 'ListRoles', 'role/'],
  ['policies', 'ListPolicies', 'policy/'],
] as const

export type IamPage = (typeof lists)[number][0]

/** The lists of identities in the navigation. */
export function visibleIamPages(principal: Principal, gatekeeper: Gatekeeper, facts: RequestFacts): IamPage[] {
  if (!(principal instanceof Identity)) return []
  const { account } = principal
  return lists
    .filter(([, action, path]) => {
      const arn = `arn:aws:iam::${accountPart(account)}:${path}`
      return gatekeeper.mayArn(principal, `iam:${action}`, { arn, account }, facts)
    })
    .map(([page]) => page)
}
