/**
 * Users, groups and roles have policies in the same way: there is one description for each, and pages for all three.
 */
import type { Visit } from '#console/page.ts'
import { getGroup } from '#identity/accounts/groups.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { getUser } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed } from '#identity/entities/entity.ts'
import { type Bounded, type HolderKind, holderKinds, type PolicyHolder } from '#identity/entities/policy-holder.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'
import { ApiError } from '#model/errors.ts'

export type Holder = PolicyHolder & Bounded & { name: string; path: string; createdAt: string }

export interface HolderDescription {
  readonly plural: 'users' | 'groups' | 'roles'
  /** The name in actions. */
  readonly noun: 'User' | 'Group' | 'Role'
  readonly kind: HolderKind
  readonly get: (account: Account, name: string) => Holder
}

export const users: HolderDescription = { plural: 'users', noun: 'User', kind: holderKinds.user, get: getUser }
export const groups: HolderDescription = { plural: 'groups', noun: 'Group', kind: holderKinds.group, get: getGroup }
export const roles: HolderDescription = { plural: 'roles', noun: 'Role', kind: holderKinds.role, get: getRole }

export const holderDescriptions: readonly HolderDescription[] = [users, groups, roles]

/**
 * The holder of the route's `:holders` and `:name`. NoSuchKey for an unknown kind, or for a kind without this feature.
 */
export function askedHolder(
  { params }: Visit,
  only?: HolderDescription['plural'],
): { description: HolderDescription; name: string } {
  const description = holderDescriptions.find(({ plural }) => plural === params.holders)
  if (description === undefined || (only !== undefined && only !== description.plural)) throw new ApiError('NoSuchKey')
  return { description, name: params.name ?? '' }
}

/** The ARN of a holder that exists or is about to be created. */
export function holderArn(account: Account, { plural, kind }: HolderDescription, name: string): string {
  const found = findNamed<Holder & { id: string }>(account[plural], name)
  return arnOf(account.id, kind.label, found ?? { path: '/', name })
}

export const holderHref = (plural: string, name: string): string => `/ui/iam/${plural}/${encodeURIComponent(name)}`
