/**
 * The common part of users, groups and roles: inline policies, attached managed ones, and (except for groups) a
 * boundary.
 */
import * as z from 'zod'
import { ApiError } from '#model/errors.ts'
import { assertQuota, deleteConflict, namePattern, type PolicyText, policyText } from './entity.ts'

export const policyHolderShape = {
  /** By name. */
  inline: z.record(z.string().regex(namePattern).max(128), policyText).default({}),
  /** ARNs of managed policies. */
  attached: z.array(z.string()).default([]),
}
export const boundaryShape = {
  /** ARN of a managed policy. */
  boundary: z.string().optional(),
}

export interface PolicyHolder {
  inline: Record<string, PolicyText>
  attached: string[]
  /** For service-linked roles only. */
  linkedService?: string | undefined
}

/** UnmodifiableEntity for a service-linked role. */
export function refuseLinked({ linkedService, name }: Pick<PolicyHolder, 'linkedService'> & { name: string }): void {
  if (linkedService === undefined) return
  const message = `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`
  throw new ApiError('UnmodifiableEntity', { message })
}

/** DeleteConflict while it has policies. */
export function refuseHolding({ inline, attached }: PolicyHolder): void {
  if (Object.keys(inline).length > 0) throw deleteConflict('delete policies')
  if (attached.length > 0) throw deleteConflict('detach all policies')
}

export interface Bounded {
  boundary?: string | undefined
}

/**
 * The kind of a holder, with AWS's name and quota.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export interface HolderKind {
  readonly label: 'user' | 'group' | 'role'
  readonly inlineCharactersMax: number
}

const attachedMax = 10

export const holderKinds = {
  user: { label: 'user', inlineCharactersMax: 2048 },
  group: { label: 'group', inlineCharactersMax: 5120 },
  role: { label: 'role', inlineCharactersMax: 10_240 },
} as const satisfies Record<string, HolderKind>

/** UnmodifiableEntity, LimitExceeded. */
export function putInline(
  kind: HolderKind,
  holder: PolicyHolder & { name: string },
  name: string,
  text: PolicyText,
): void {
  refuseLinked(holder)
  const inline = { ...holder.inline, [name]: text }
  // White space does not count, and JSON.stringify writes none.
  const size = Object.values(inline).reduce((sum, one) => sum + JSON.stringify(one).length, 0)
  if (size > kind.inlineCharactersMax) {
    throw new ApiError('LimitExceeded', {
      message: `Maximum policy size of ${kind.inlineCharactersMax} bytes exceeded for ${kind.label} ${holder.name}`,
    })
  }
  holder.inline = inline
}

/** NoSuchEntity. */
export function getInline(kind: HolderKind, holder: PolicyHolder, name: string): PolicyText {
  const text = Object.hasOwn(holder.inline, name) ? holder.inline[name] : undefined
  if (text === undefined) {
    throw new ApiError('NoSuchEntity', { message: `The ${kind.label} policy with name ${name} cannot be found.` })
  }
  return text
}

/** UnmodifiableEntity, NoSuchEntity. */
export function deleteInline(kind: HolderKind, holder: PolicyHolder & { name: string }, name: string): void {
  refuseLinked(holder)
  getInline(kind, holder, name)
  delete holder.inline[name]
}

/** UnmodifiableEntity, LimitExceeded. The policy must exist: see accounts/managed-policies.ts. */
export function attach(kind: HolderKind, holder: PolicyHolder & { name: string }, arn: string): void {
  refuseLinked(holder)
  if (holder.attached.includes(arn)) return
  const quota = `PoliciesPer${kind.label[0]?.toUpperCase()}${kind.label.slice(1)}`
  assertQuota(quota, holder.attached.length + 1, attachedMax)
  holder.attached.push(arn)
}

/** UnmodifiableEntity, NoSuchEntity. */
export function detach(holder: PolicyHolder & { name: string }, arn: string): void {
  refuseLinked(holder)
  if (!holder.attached.includes(arn)) {
    throw new ApiError('NoSuchEntity', { message: `Policy ${arn} was not found.` })
  }
  holder.attached = holder.attached.filter((one) => one !== arn)
}

/** UnmodifiableEntity. The policy must exist: see managed-policy.ts. */
export function setBoundary(holder: PolicyHolder & Bounded & { name: string }, arn: string): void {
  refuseLinked(holder)
  holder.boundary = arn
}

/** UnmodifiableEntity, NoSuchEntity. */
export function removeBoundary(kind: HolderKind, holder: PolicyHolder & Bounded & { name: string }): void {
  refuseLinked(holder)
  if (holder.boundary === undefined) {
    throw new ApiError('NoSuchEntity', {
      message: `${kind.label} ${holder.name} does not have a permissions boundary.`,
    })
  }
  delete holder.boundary
}
