/**
 * Service-linked roles: a service of AWS creates and uses them. People may only describe, tag and delete them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
 */
import { randomUUID } from 'node:crypto'
import { type LinkedService, linkedServices } from '#identity/aws-policies/linked-services.ts'
import { awsPolicyArn } from '#identity/aws-policies/often-used.ts'
import type { Account } from '#identity/entities/account.ts'
import { findNamed, removeFrom } from '#identity/entities/entity.ts'
import { type Role, roleKind, sessionSeconds } from '#identity/entities/role.ts'
import { ApiError } from '#model/errors.ts'
import { createRole, getRole } from './roles.ts'

const nameMax = 64
/** AWS removes tasks soon after their end. */
const deletionsMax = 100

/** AccessDenied is AWS's answer for a service without such a role. */
function getLinkedService(service: string): LinkedService {
  const known = linkedServices.get(service)
  if (known !== undefined) return known
  throw new ApiError('AccessDenied', { message: `Cannot find Service Linked Role template for ${service}` })
}

export const linkedRolePath = (service: string): string => `/aws-service-role/${service}/`

/** AccessDenied, InvalidInput. */
function linkedRoleName(service: string, suffix: string | undefined): string {
  const { roleName, takesSuffix } = getLinkedService(service)
  if (suffix === undefined) return roleName
  if (!takesSuffix) throw new ApiError('InvalidInput', { message: `Custom suffix is not allowed for ${service}` })
  const name = `${roleName}_${suffix}`
  if (name.length <= nameMax) return name
  const message = `The role name ${name} is longer than ${nameMax} characters, please try a shorter suffix.`
  throw new ApiError('InvalidInput', { message })
}

export interface NewLinkedRole {
  readonly service: string
  readonly suffix: string | undefined
  readonly description: string | undefined
}

/** AccessDenied, InvalidInput, LimitExceeded. */
export function createLinkedRole(account: Account, given: NewLinkedRole, nowMs: number): Role {
  const { service, suffix, description } = given
  const { policyName } = getLinkedService(service)
  const name = linkedRoleName(service, suffix)
  if (findNamed(account.roles, name) !== undefined) {
    const message = `Service role name ${name} has been taken in this account, please try a different suffix.`
    throw new ApiError('InvalidInput', { message })
  }
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Action: ['sts:AssumeRole'], Principal: { Service: [service] }, Effect: 'Allow' }],
  }
  const path = linkedRolePath(service)
  const role = createRole(account, { name, path, trust, description, maxSessionSeconds: sessionSeconds.min }, nowMs)
  return Object.assign(role, { linkedService: service, attached: [awsPolicyArn(`aws-service-role/${policyName}`)] })
}

/** Returns the id of the deletion task, which has ended: no service of this server uses the role. NoSuchEntity. */
export function deleteLinkedRole(account: Account, name: string): string {
  const role = getRole(account, name)
  const { linkedService } = role
  if (linkedService === undefined) throw new ApiError('NoSuchEntity', { message: roleKind.missing(name) })
  removeFrom(account.roles, role)
  const task = `task${linkedRolePath(linkedService)}${role.name}/${randomUUID()}`
  account.roleDeletions = [...(account.roleDeletions ?? []), task].slice(-deletionsMax)
  return task
}

const taskPattern = /^task(\/aws-service-role\/[^/]+\/)([^/]+)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The path and name of the role that the task deleted; undefined if no task can have this id. */
export function parseDeletionTask(id: string): { readonly path: string; readonly name: string } | undefined {
  const [, path, name] = taskPattern.exec(id) ?? []
  return path === undefined || name === undefined ? undefined : { path, name }
}

/** InvalidInput; NoSuchEntity if there is no task with this id. */
export function assertDeletionTask(account: Account, id: string): void {
  if (parseDeletionTask(id) === undefined) {
    throw new ApiError('InvalidInput', { message: `The deletion task id ${id} is invalid.` })
  }
  if (account.roleDeletions?.includes(id) === true) return
  throw new ApiError('NoSuchEntity', { message: `The deletion task with id ${id} cannot be found.` })
}
