/** Changes of an account's instance profiles. */
import type { Account } from '#identity/entities/account.ts'
import {
  addNamed,
  assertQuota,
  deleteConflict,
  getNamed,
  isSameName,
  newEntity,
  removeFrom,
} from '#identity/entities/entity.ts'
import { type InstanceProfile, instanceProfileKind } from '#identity/entities/instance-profile.ts'
import { refuseLinked } from '#identity/entities/policy-holder.ts'
import { ApiError } from '#model/errors.ts'
import { getRole } from './roles.ts'

/** EntityAlreadyExists, LimitExceeded. */
export function createInstanceProfile(
  account: Account,
  given: { name: string; path: string },
  nowMs: number,
): InstanceProfile {
  const fresh = newEntity(instanceProfileKind.idPrefix, given.name, given.path, nowMs)
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
