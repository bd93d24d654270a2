import * as z from 'zod'
import { ApiError } from '#model/errors.ts'
import type { Account } from './account.ts'
import {
  addNamed,
  deleteConflict,
  entityShape,
  getNamed,
  isSameName,
  type Kind,
  newEntity,
  type PolicyText,
  policyText,
  removeFrom,
  tagsSchema,
} from './entity.ts'
import { boundaryShape, policyHolderShape, refuseHolding, refuseLinked } from './policy-holder.ts'

/** Seconds. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export const sessionSeconds = { min: 3600, max: 43_200 }

export const roleSchema = z.strictObject({
  ...entityShape,
  ...policyHolderShape,
  ...boundaryShape,
  tags: tagsSchema,
  description: z.string().max(1000).optional(),
  /** Who may assume it. */
  trust: policyText,
  maxSessionSeconds: z.int().min(sessionSeconds.min).max(sessionSeconds.max).default(sessionSeconds.min),
  /** The service principal that a service-linked role belongs to: see service-linked-role.ts. */
  linkedService: z.string().max(128).optional(),
})
export type Role = z.infer<typeof roleSchema>

export const roleKind: Kind = {
  idPrefix: 'AROA',
  max: 1000,
  quotaName: 'RolesPerAccount',
  missing: (name) => `The role with name ${name} cannot be found.`,
  exists: (name) => `Role with name ${name} already exists.`,
}

const trustCharactersMax = 2048

export interface NewRole {
  readonly name: string
  readonly path: string
  readonly trust: PolicyText
  readonly description: string | undefined
  readonly maxSessionSeconds: number
}

/** EntityAlreadyExists, LimitExceeded. */
export function createRole(account: Account, { name, path, trust, description, maxSessionSeconds }: NewRole): Role {
  const role: Role = {
    ...newEntity(roleKind.idPrefix, name, path),
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
