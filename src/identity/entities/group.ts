import * as z from 'zod'
import type { Account } from './account.ts'
import {
  addNamed,
  deleteConflict,
  entityShape,
  getNamed,
  isSameName,
  type Kind,
  newEntity,
  removeFrom,
  renameNamed,
} from './entity.ts'
import { policyHolderShape, refuseHolding } from './policy-holder.ts'
import type { User } from './user.ts'

/** Who is in a group is written with the user. */
export const groupSchema = z.strictObject({ ...entityShape, ...policyHolderShape })
export type Group = z.infer<typeof groupSchema>

export const groupKind: Kind = {
  idPrefix: 'AGPA',
  max: 300,
  quotaName: 'GroupsPerAccount',
  missing: (name) => `The group with name ${name} cannot be found.`,
  exists: (name) => `Group with name ${name} already exists.`,
}

/** EntityAlreadyExists, LimitExceeded. */
export function createGroup(account: Account, given: { name: string; path: string }): Group {
  return addNamed(groupKind, account.groups, {
    ...newEntity(groupKind.idPrefix, given.name, given.path),
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
