/** The principal of a simulation, found by ARN, with its policies. */

import { getGroup } from '#identity/accounts/groups.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { getUser } from '#identity/accounts/users.ts'
import { type Directory, requesterOf } from '#identity/directory.ts'
import type { Account } from '#identity/entities/account.ts'
import { isSameName } from '#identity/entities/entity.ts'
import type { PolicyHolder } from '#identity/entities/policy-holder.ts'
import type { Role } from '#identity/entities/role.ts'
import type { User } from '#identity/entities/user.ts'
import { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'
import type { RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'
import { arnOf, parseIamArn } from './principal-arn.ts'

interface Named {
  readonly user?: User
  readonly role?: Role
  /** The principal itself, and a user's groups. */
  readonly holders: readonly PolicyHolder[]
}

/** NoSuchEntity; InvalidInput for an ARN that is not of a user, group or role of the account. */
export function holderNamed(account: Account, arn: string): Named {
  const named = parseIamArn(arn)
  if (named?.account === account.id) {
    if (named.noun === 'user') {
      const user = getUser(account, named.name)
      const isMember = (group: string) => user.groups.some((one) => isSameName(one, group))
      return { user, holders: [user, ...account.groups.filter(({ name }) => isMember(name))] }
    }
    if (named.noun === 'group') return { holders: [getGroup(account, named.name)] }
    if (named.noun === 'role') {
      const role = getRole(account, named.name)
      return { role, holders: [role] }
    }
  }
  throw new ApiError('InvalidInput', {
    message: `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`,
  })
}

export interface Simulated {
  readonly requester: Requester
  readonly policies: RequesterPolicies
}

/** Its policies for the policy engine. */
export function simulatedPrincipal(directory: Directory, account: Account, arn: string): Simulated {
  const { user, role } = holderNamed(account, arn)
  const { id, canonicalId } = account
  if (user !== undefined) {
    return { requester: requesterOf({ account, user }), policies: directory.policiesOfUser(account, user) }
  }
  if (role !== undefined) {
    const requester: Requester = {
      type: 'role',
      arn: arnOf(id, 'role', role),
      account: id,
      userId: role.id,
      canonicalId,
      tags: role.tags,
    }
    return { requester, policies: directory.policiesOfRole(account, role) }
  }
  const name = parseIamArn(arn)?.name ?? ''
  return {
    requester: hypothetical(account, arn),
    policies: directory.policiesOfGroup(account, getGroup(account, name)),
  }
}

/** The principal that the ARN names, without credentials. NoSuchEntity, InvalidInput. */
export function simulatedIdentity(directory: Directory, account: Account, arn: string): Identity {
  const displayName = parseIamArn(arn)?.name ?? arn
  const simulated = simulatedPrincipal(directory, account, arn)
  return new Identity({ accessKeyId: '', secretAccessKey: '', displayName, ...simulated })
}

/** A principal of the account that need not exist. Without an ARN it has neither name nor id. */
export function hypothetical({ id, canonicalId }: Account, arn = ''): Requester {
  const named = parseIamArn(arn)
  const userName = named?.noun === 'user' ? { userName: named.name } : {}
  return {
    type: named?.noun === 'role' ? 'role' : 'user',
    arn,
    account: named?.account ?? id,
    userId: '',
    canonicalId,
    ...userName,
  }
}
