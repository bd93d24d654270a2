/** Changes of an account's managed policies. Policies of AWS can be found and attached, but not changed. */
import { findAwsPolicy, isServiceRolePolicy } from '#identity/aws-policies/aws-policies.ts'
import type { Account } from '#identity/entities/account.ts'
import { addNamed, newEntity, type PolicyText, removeFrom, secondOf } from '#identity/entities/entity.ts'
import { type ManagedPolicy, type PolicyVersion, policyArn, policyKind } from '#identity/entities/managed-policy.ts'
import type { PolicyHolder } from '#identity/entities/policy-holder.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

const versionsMax = 5

/** EntityAlreadyExists, LimitExceeded. */
export function createPolicy(
  account: Account,
  given: { name: string; path: string; description: string | undefined; document: PolicyText },
  nowMs: number,
): ManagedPolicy {
  assertSize(given.document)
  const fresh = newEntity(policyKind.idPrefix, given.name, given.path, nowMs)
  return addNamed(policyKind, account.policies, {
    ...fresh,
    tags: {},
    ...(given.description === undefined ? {} : { description: given.description }),
    versions: [{ id: 'v1', createdAt: fresh.createdAt, document: given.document }],
    defaultVersion: 'v1',
  })
}

/** A policy of the account, or one of AWS's. */
export function findPolicy(account: Account, arn: string): ManagedPolicy | undefined {
  const own = account.policies.find((policy) => policyArn(account.id, policy) === arn)
  return own ?? findAwsPolicy(arn)
}

/** NoSuchEntity. */
export function getPolicy(account: Account, arn: string): ManagedPolicy {
  const policy = findPolicy(account, arn)
  if (policy === undefined) throw new ApiError('NoSuchEntity', { message: policyKind.missing(arn) })
  return policy
}

/** A policy that can be changed, so none of AWS's. NoSuchEntity, AccessDenied. */
export function getOwnPolicy(account: Account, arn: string): ManagedPolicy {
  const policy = getPolicy(account, arn)
  if (!account.policies.includes(policy)) {
    throw new ApiError('AccessDenied', { message: `Policy ${arn} is managed by AWS and cannot be changed.` })
  }
  return policy
}

/** NoSuchEntity, PolicyNotAttachable. */
export function getAttachable(account: Account, arn: string): void {
  if (findPolicy(account, arn) === undefined) {
    throw new ApiError('NoSuchEntity', { message: `Policy ${arn} does not exist or is not attachable.` })
  }
  if (isServiceRolePolicy(arn)) {
    throw new ApiError('PolicyNotAttachable', { message: 'Cannot attach a Service Role Policy to a Customer Role.' })
  }
}

/** NoSuchEntity. */
export function getVersion(policy: ManagedPolicy, arn: string, id: string): PolicyVersion {
  const version = policy.versions.find((one) => one.id === id)
  if (version === undefined) {
    throw new ApiError('NoSuchEntity', {
      message: `Policy ${arn} version ${id} does not exist or is not attachable.`,
    })
  }
  return version
}

export function defaultVersionOf(policy: ManagedPolicy): PolicyVersion {
  const version = policy.versions.find(({ id }) => id === policy.defaultVersion) ?? policy.versions[0]
  if (version === undefined) throw new Error(`${policy.name} has no version`)
  return version
}

/** LimitExceeded. */
export function addVersion(
  policy: ManagedPolicy,
  document: PolicyText,
  { isDefault, nowMs }: { isDefault: boolean; nowMs: number },
): PolicyVersion {
  assertSize(document)
  if (policy.versions.length >= versionsMax) {
    throw new ApiError('LimitExceeded', {
      message: `A managed policy can have up to ${versionsMax} versions. Before you create a new version, you must delete an existing version.`,
    })
  }
  const latest = Math.max(...policy.versions.map(({ id }) => Number(id.slice(1))))
  const version: PolicyVersion = { id: `v${latest + 1}`, createdAt: secondOf(nowMs), document }
  policy.versions.push(version)
  policy.updatedAt = version.createdAt
  if (isDefault) policy.defaultVersion = version.id
  return version
}

/** NoSuchEntity, DeleteConflict. */
export function deleteVersion(policy: ManagedPolicy, arn: string, id: string, nowMs: number): void {
  const version = getVersion(policy, arn, id)
  if (id === policy.defaultVersion) {
    throw new ApiError('DeleteConflict', { message: 'Cannot delete the default version of a policy.' })
  }
  removeFrom(policy.versions, version)
  policy.updatedAt = secondOf(nowMs)
}

/** NoSuchEntity, DeleteConflict. */
export function deletePolicy(account: Account, arn: string): void {
  const policy = getOwnPolicy(account, arn)
  const { attached, boundaries } = usesOf(account, arn)
  if (attached + boundaries > 0) {
    throw new ApiError('DeleteConflict', { message: 'Cannot delete a policy attached to entities.' })
  }
  if (policy.versions.length > 1) {
    throw new ApiError('DeleteConflict', {
      message:
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    })
  }
  removeFrom(account.policies, policy)
}

/** The number of users, groups and roles that the policy is attached to, and of those that it is the boundary of. */
export function usesOf(account: Account, arn: string): { attached: number; boundaries: number } {
  const holders: PolicyHolder[] = [...account.users, ...account.groups, ...account.roles]
  const bounded = [...account.users, ...account.roles]
  return {
    attached: holders.filter(({ attached }) => attached.includes(arn)).length,
    boundaries: bounded.filter(({ boundary }) => boundary === arn).length,
  }
}

function assertSize(document: PolicyText): void {
  if (JSON.stringify(document).length <= limits.managedPolicyCharacters) return
  throw new ApiError('LimitExceeded', {
    message: `Cannot exceed quota for PolicySize: ${limits.managedPolicyCharacters}`,
  })
}
