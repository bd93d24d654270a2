import * as z from 'zod'
import { ApiError } from '#model/errors.ts'
import { accessKeySchema } from './access-key.ts'
import type { Account } from './account.ts'
import {
  addNamed,
  assertQuota,
  deleteConflict,
  entityShape,
  getNamed,
  isSameName,
  type Kind,
  moment,
  newEntity,
  now,
  removeFrom,
  tagsSchema,
} from './entity.ts'
import { boundaryShape, policyHolderShape, refuseHolding } from './policy-holder.ts'

const loginSchema = z.strictObject({
  /** argon2id in PHC form. */
  passwordHash: z.string().startsWith('$argon2id$'),
  createdAt: moment,
  mustChange: z.boolean().default(false),
})

export const userSchema = z.strictObject({
  ...entityShape,
  ...policyHolderShape,
  ...boundaryShape,
  tags: tagsSchema,
  displayName: z.string().max(256).optional(),
  /** 64 hex digits. Only users of version 1 own things apart from their account. */
  canonicalId: z.string().min(1).max(64).optional(),
  /** By which access control lists may name the user's account. */
  email: z.string().min(3).max(254).optional(),
  keys: z.array(accessKeySchema).default([]),
  login: loginSchema.optional(),
  /** Names of groups. */
  groups: z.array(z.string()).default([]),
})
export type User = z.infer<typeof userSchema>
export type Login = z.infer<typeof loginSchema>

export const userKind: Kind = {
  idPrefix: 'AIDA',
  // AWS has 5,000; nothing here needs that.
  max: 50_000,
  quotaName: 'UsersPerAccount',
  missing: (name) => `The user with name ${name} cannot be found.`,
  exists: (name) => `User with name ${name} already exists.`,
}

const groupsMax = 10

/** EntityAlreadyExists, LimitExceeded. */
export function createUser(account: Account, given: { name: string; path: string }): User {
  const fresh = newEntity(userKind.idPrefix, given.name, given.path)
  return addNamed(userKind, account.users, { ...fresh, tags: {}, inline: {}, attached: [], keys: [], groups: [] })
}

/** NoSuchEntity. */
export const getUser = (account: Account, name: string): User => getNamed(userKind, account.users, name)

/** NoSuchEntity; DeleteConflict as long as the user holds something that grants. */
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
export function createLogin(user: User, given: { passwordHash: string; mustChange: boolean }): Login {
  if (user.login !== undefined) {
    throw new ApiError('EntityAlreadyExists', { message: `Login Profile for user ${user.name} already exists.` })
  }
  user.login = { ...given, createdAt: now() }
  return user.login
}
