/** Block Public Access of a bucket. */

import { ApiError } from '#model/errors.ts'
import { type Acl, isPublicAcl } from './acl.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean
  readonly ignorePublicAcls: boolean
  readonly blockPublicPolicy: boolean
  readonly restrictPublicBuckets: boolean
}

/** The part of a bucket with its block. */
export interface WithBlock {
  readonly publicAccessBlock?: PublicAccessBlock
}

/** The block of a bucket created while DEFAULT_PUBLIC_ACCESS_BLOCK is on: all four settings, as on AWS since 2023. */
export function defaultBlock(isOn: boolean): WithBlock {
  if (!isOn) return {}
  const publicAccessBlock: PublicAccessBlock = {
    blockPublicAcls: true,
    ignorePublicAcls: true,
    blockPublicPolicy: true,
    restrictPublicBuckets: true,
  }
  return { publicAccessBlock }
}

/** AccessDenied for a public ACL while BlockPublicAcls is on. */
export function refuseBlockedAcl({ publicAccessBlock }: WithBlock, acl: Acl): void {
  if (publicAccessBlock?.blockPublicAcls === true && isPublicAcl(acl)) {
    throw new ApiError('AccessDenied', { fields: { BlockedBy: 'BlockPublicAcls' } })
  }
}
