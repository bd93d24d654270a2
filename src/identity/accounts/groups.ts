/** Changes of an account's groups. */
import type { Account } from '#identity/entities/account.ts'
import {
  addNamed,
  deleteConflict,
  getNamed,
  isSameName,
  newEntity,
  removeFrom,
  renameNamed,
} from '#identity/entities/entity.ts'
import { type Group, groupKind } from '#identity/entities/group.ts'
import { refuseHolding } from '#identity/entities/policy-holder.ts'
import type { User } from '#identity/entities/user.ts'

/** EntityAlreadyExists, LimitExceeded. */
export function createGroup(account: Account, given: { name: string; path: string }, nowMs: number): Group {
  return addNamed(groupKind, account.groups, {
    ...newEntity(groupKind.idPrefix, given.name, given.path, nowMs),
    inline: {},
    attached: [],
  })
}

/** NoSuchEntity. */
export const getGroup = (account: Account, name: string): Group => getNamed(groupKind, account.groups, name)

export const membersOf = (account: Account, group: Group): User[] =>
  account.users.filter((user) => user.groups.some((name) => isSameName(name, group.name)))

/** EntityAlreadyExists. Its members stay. */
export function renameGroup(account: Account, group: Group, name: string): void {
  const members = membersOf(account, group)
  const old = group.name
  renameNamed(groupKind, account.groups, group, name)
  for (const user of members) user.groups = user.groups.map((one) => (isSameName(one, old) ? name : one))
}

/** NoSuchEntity, DeleteConflict. */
export function deleteGroup(account: Account, name: string): void {
  const group = getGroup(account, name)
  if (membersOf(account, group).length > 0) throw deleteConflict('remove users from group')
  refuseHolding(group)
  removeFrom(account.groups, group)
}
