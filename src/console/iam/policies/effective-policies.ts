/** All policies that apply to a user, a group or a role, with their origin. */

import { type HolderDescription, holderHref } from '#console/iam/holders/holders.ts'
import { getUser } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { isSameName } from '#identity/entities/entity.ts'
import type { PolicyHolder } from '#identity/entities/policy-holder.ts'
import { policyHref } from './policy-form.ts'

export interface EffectivePolicy {
  readonly name: string
  readonly href: string
  readonly how: 'attached' | 'inline' | 'boundary' | 'key'
  /** The group or the access key that it comes from. */
  readonly by?: string
}

export function effectivePolicies(account: Account, description: HolderDescription, name: string): EffectivePolicy[] {
  const holder = description.get(account, name)
  const own = heldBy(holder, holderHref(description.plural, holder.name))
  const { boundary } = holder
  const limit =
    boundary === undefined ? [] : [{ name: nameOf(boundary), href: policyHref(boundary), how: 'boundary' as const }]
  if (description.plural !== 'users') return [...own, ...limit]
  const user = getUser(account, name)
  const groups = account.groups.filter((group) => user.groups.some((one) => isSameName(one, group.name)))
  const byGroups = groups.flatMap((group) =>
    heldBy(group, holderHref('groups', group.name)).map((policy) => ({ ...policy, by: group.name })),
  )
  const ofKeys = user.keys
    .filter(({ policies }) => policies !== undefined)
    .map(({ id }) => ({ name: 'its own limits', href: holderHref('users', user.name), how: 'key' as const, by: id }))
  return [...own, ...byGroups, ...limit, ...ofKeys]
}

function heldBy({ attached, inline }: PolicyHolder, href: string): EffectivePolicy[] {
  return [
    ...attached.map((arn) => ({ name: nameOf(arn), href: policyHref(arn), how: 'attached' as const })),
    ...Object.keys(inline).map((name) => ({ name, href: `${href}#inline`, how: 'inline' as const })),
  ]
}

export const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)
