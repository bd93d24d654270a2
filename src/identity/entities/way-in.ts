/** Whether an account can still be administered. Its last administrator cannot be removed. */

import { type Directory, requesterOf } from '#identity/directory.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'
import type { Clock } from '#lib/clock.ts'
import { evaluate } from '#policy/evaluate/evaluate.ts'
import { isUsable } from './access-key.ts'
import type { Account } from './account.ts'
import type { User } from './user.ts'

/** Whether the root has a usable key, or a user who may grant every right has a key or a password. */
export function hasWayIn(directory: Directory, account: Account, clock: Clock): boolean {
  const nowMs = clock.nowMs()
  if (account.keys.some((key) => isUsable(key, nowMs))) return true
  return account.users.some((user) => {
    const mayEnter =
      user.login !== undefined || user.keys.some((key) => isUsable(key, nowMs) && key.policies === undefined)
    return mayEnter && mayAdminister(directory, account, user, clock)
  })
}

const needed = ['iam:AttachUserPolicy', 'iam:PutUserPolicy', 'iam:CreateAccessKey', 'iam:CreateUser']

export function mayAdminister(directory: Directory, account: Account, user: User, clock: Clock): boolean {
  const principal = requesterOf({ account, user })
  const policies = directory.policiesOfUser(account, user)
  const resource = arnOf(account.id, 'user', user)
  const asked = { principal, resource, resourceAccount: account.id, context: () => undefined, clock }
  return needed.every((action) => evaluate({ ...asked, action }, policies).outcome === 'Allow')
}
