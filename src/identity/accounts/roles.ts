/** Changes of an account's roles. */
import type { Account } from '#identity/entities/account.ts'
import {
  addNamed,
  deleteConflict,
  getNamed,
  isSameName,
  newEntity,
  type PolicyText,
  removeFrom,
} from '#identity/entities/entity.ts'
import { refuseHolding, refuseLinked } from '#identity/entities/policy-holder.ts'
import { type Role, roleKind } from '#identity/entities/role.ts'
import { ApiError } from '#model/errors.ts'

const trustCharactersMax = 2048

export interface NewRole {
  readonly name: string
  readonly path: string
  readonly trust: PolicyText
  readonly description: string | undefined
  readonly maxSessionSeconds: number
}

/** EntityAlreadyExists, LimitExceeded. */
export function createRole(account: Account, given: NewRole, nowMs: number): Role {
  const { name, path, trust, description, maxSessionSeconds } = given
  const role: Role = {
    ...newEntity(roleKind.idPrefix, name, path, nowMs),
    trust,
    maxSessionSeconds,
    ...(description === undefined ? {} : { description }),
    tags: {},
    inline: {},
    attached: [],
  }
  setTrust(role, trust)
  return addNamed(roleKind, account.roles, role)
}

/** NoSuchEntity. */
export const getRole = (account: Account, name: string): Role => getNamed(roleKind, account.roles, name)

/** UnmodifiableEntity, LimitExceeded. */
export function setTrust(role: Role, trust: PolicyText): void {
  refuseLinked(role)
  if (JSON.stringify(trust).length > trustCharactersMax) {
    throw new ApiError('LimitExceeded', { message: `Cannot exceed quota for ACLSizePerRole: ${trustCharactersMax}` })
  }
  role.trust = trust
}

/** UnmodifiableEntity. */
export function setMaxSession(role: Role, seconds: number): void {
  if (role.maxSessionSeconds === seconds) return
  refuseLinked(role)
  role.maxSessionSeconds = seconds
}

/** NoSuchEntity, UnmodifiableEntity, DeleteConflict. */
export function deleteRole(account: Account, name: string): void {
  const role = getRole(account, name)
  refuseLinked(role)
  const isInProfile = account.instanceProfiles.some(({ roles }) => roles.some((one) => isSameName(one, role.name)))
  if (isInProfile) throw deleteConflict('remove roles from instance profile')
  refuseHolding(role)
  removeFrom(account.roles, role)
}
