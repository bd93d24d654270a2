/** Changes of an account's users: their groups and their passwords. */
import type { Account } from '#identity/entities/account.ts'
import {
  addNamed,
  assertQuota,
  deleteConflict,
  getNamed,
  isSameName,
  newEntity,
  removeFrom,
  secondOf,
} from '#identity/entities/entity.ts'
import { refuseHolding } from '#identity/entities/policy-holder.ts'
import { type Login, type User, userKind } from '#identity/entities/user.ts'
import { ApiError } from '#model/errors.ts'

const groupsMax = 10

/** EntityAlreadyExists, LimitExceeded. */
export function createUser(account: Account, given: { name: string; path: string }, nowMs: number): User {
  const fresh = newEntity(userKind.idPrefix, given.name, given.path, nowMs)
  return addNamed(userKind, account.users, { ...fresh, tags: {}, inline: {}, attached: [], keys: [], groups: [] })
}

/** NoSuchEntity. */
export const getUser = (account: Account, name: string): User => getNamed(userKind, account.users, name)

/** NoSuchEntity; DeleteConflict while the user has keys, a password, policies or groups. */
export function deleteUser(account: Account, name: string): void {
  const user = getUser(account, name)
  if (user.keys.length > 0) throw deleteConflict('delete access keys')
  if (user.login !== undefined) throw deleteConflict('delete login profile')
  refuseHolding(user)
  if (user.groups.length > 0) throw deleteConflict('remove users from group')
  removeFrom(account.users, user)
}

/** NoSuchEntity, LimitExceeded. */
export function addToGroup(account: Account, user: User, groupName: string): void {
  if (user.groups.some((name) => isSameName(name, groupName))) return
  assertQuota('GroupsPerUser', user.groups.length + 1, groupsMax)
  user.groups.push(account.groups.find(({ name }) => isSameName(name, groupName))?.name ?? groupName)
}

export function removeFromGroup(user: User, groupName: string): void {
  user.groups = user.groups.filter((name) => !isSameName(name, groupName))
}

/** NoSuchEntity. */
export function getLogin(user: User): Login {
  if (user.login === undefined) {
    throw new ApiError('NoSuchEntity', { message: `Login Profile for User ${user.name} cannot be found.` })
  }
  return user.login
}

/** EntityAlreadyExists. */
export function createLogin(user: User, given: { passwordHash: string; mustChange: boolean }, nowMs: number): Login {
  if (user.login !== undefined) {
    throw new ApiError('EntityAlreadyExists', { message: `Login Profile for user ${user.name} already exists.` })
  }
  user.login = { ...given, createdAt: secondOf(nowMs) }
  return user.login
}
