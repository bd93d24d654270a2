/** Stored for the tools that make them: nothing here runs on instances. */
import * as z from 'zod'
import { ApiError } from '#model/errors.ts'
import type { Account } from './account.ts'
import {
  addNamed,
  assertQuota,
  deleteConflict,
  entityShape,
  getNamed,
  isSameName,
  type Kind,
  newEntity,
  removeFrom,
  tagsSchema,
} from './entity.ts'
import { refuseLinked } from './policy-holder.ts'
import { getRole } from './role.ts'

export const instanceProfileSchema = z.strictObject({
  ...entityShape,
  tags: tagsSchema,
  /** Names; AWS allows one. */
  roles: z.array(z.string()).max(1).default([]),
})
export type InstanceProfile = z.infer<typeof instanceProfileSchema>

export const instanceProfileKind: Kind = {
  idPrefix: 'AIPA',
  max: 1000,
  quotaName: 'InstanceProfilesPerAccount',
  missing: (name) => `Instance Profile ${name} cannot be found.`,
  exists: (name) => `Instance Profile ${name} already exists.`,
}

/** EntityAlreadyExists, LimitExceeded. */
export function createInstanceProfile(account: Account, given: { name: string; path: string }): InstanceProfile {
  const fresh = newEntity(instanceProfileKind.idPrefix, given.name, given.path)
  return addNamed(instanceProfileKind, account.instanceProfiles, { ...fresh, tags: {}, roles: [] })
}

/** NoSuchEntity. */
export const getInstanceProfile = (account: Account, name: string): InstanceProfile =>
  getNamed(instanceProfileKind, account.instanceProfiles, name)

/** NoSuchEntity, UnmodifiableEntity, LimitExceeded. */
export function addRoleToProfile(account: Account, profile: InstanceProfile, roleName: string): void {
  const role = getRole(account, roleName)
  refuseLinked(role)
  assertQuota('InstanceSessionsPerInstanceProfile', profile.roles.length + 1, 1)
  profile.roles.push(role.name)
}

/** NoSuchEntity. */
export function removeRoleFromProfile(profile: InstanceProfile, roleName: string): void {
  const kept = profile.roles.filter((name) => !isSameName(name, roleName))
  if (kept.length === profile.roles.length) {
    throw new ApiError('NoSuchEntity', {
      message: `The role with name ${roleName} is not in the instance profile ${profile.name}.`,
    })
  }
  profile.roles = kept
}

/** NoSuchEntity, DeleteConflict. */
export function deleteInstanceProfile(account: Account, name: string): void {
  const profile = getInstanceProfile(account, name)
  if (profile.roles.length > 0) throw deleteConflict('remove roles from instance profile')
  removeFrom(account.instanceProfiles, profile)
}
