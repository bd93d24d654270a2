/**
 * The permissions boundary of a user or a role: the most that its policies can allow.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 */
import { getAttachable } from '#identity/accounts/managed-policies.ts'
import { removeBoundary, setBoundary as setBoundaryOf } from '#identity/entities/policy-holder.ts'
import { ApiError } from '#model/errors.ts'
import { changing } from './change-holder.ts'
import type { HolderDescription } from './holders.ts'

export const setBoundary = changing('boundary', 'Permissions boundary set', async (change, { form }) => {
  const { iam, description, name, arn } = change
  assertBounded(description)
  const policy = form.get('policy') ?? ''
  iam.authorize(`Put${description.noun}PermissionsBoundary`, arn, { 'iam:permissionsboundary': policy })
  await iam.change((account) => {
    getAttachable(account, policy)
    setBoundaryOf(description.get(account, name), policy)
  })
})

export const liftBoundary = changing('boundary', 'Permissions boundary removed', async (change) => {
  const { iam, description, name, arn } = change
  assertBounded(description)
  iam.authorize(`Delete${description.noun}PermissionsBoundary`, arn)
  await iam.change((account) => removeBoundary(description.kind, description.get(account, name)))
})

/** NoSuchKey for groups, which have none. */
function assertBounded({ plural }: HolderDescription): void {
  if (plural === 'groups') throw new ApiError('NoSuchKey')
}
