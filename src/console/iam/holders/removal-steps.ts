/** The actions that IAM's API requires before it deletes a user, a group or a role, each with its permission. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import { getUser } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed } from '#identity/entities/entity.ts'
import { groups as groupHolders, type HolderDescription, holderArn } from './holders.ts'

export interface RemovalStep {
  readonly action: string
  readonly arn: string
  readonly keys?: ConditionKeys
}

/**
 * In the order of the API's documentation. NoSuchEntity.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
 */
export function removalSteps(account: Account, description: HolderDescription, name: string): RemovalStep[] {
  const { noun, plural, get } = description
  const { attached, inline } = get(account, name)
  const arn = holderArn(account, description, name)
  const last = { action: deletionAction(account, description, name), arn }
  if (isLinkedRole(account, description, name)) return [last]
  return [
    ...(plural === 'users' ? stepsOfUser(account, name, arn) : []),
    ...(Object.keys(inline).length > 0 ? [{ action: `Delete${noun}Policy`, arn }] : []),
    ...attached.map((policy) => ({ action: `Detach${noun}Policy`, arn, keys: { 'iam:policyarn': policy } })),
    last,
  ]
}

export const isLinkedRole = (account: Account, { plural }: HolderDescription, name: string): boolean =>
  plural === 'roles' && findNamed(account.roles, name)?.linkedService !== undefined

export const deletionAction = (account: Account, description: HolderDescription, name: string): string =>
  isLinkedRole(account, description, name) ? 'DeleteServiceLinkedRole' : `Delete${description.noun}`

function stepsOfUser(account: Account, name: string, arn: string): RemovalStep[] {
  const { keys, login, groups } = getUser(account, name)
  return [
    ...(keys.length > 0 ? [{ action: 'DeleteAccessKey', arn }] : []),
    ...(login === undefined ? [] : [{ action: 'DeleteLoginProfile', arn }]),
    // Membership is a permission on the group.
    ...groups.map((group) => ({ action: 'RemoveUserFromGroup', arn: holderArn(account, groupHolders, group) })),
  ]
}
