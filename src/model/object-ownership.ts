/**
 * Who owns objects that others write to a bucket, whether its ACLs count, and what is never public.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
import { type Acl, isPublicAcl } from './acl.ts'
import type { Bucket } from './bucket.ts'
import { ApiError } from './errors.ts'

export const objectOwnerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const
export type ObjectOwnership = (typeof objectOwnerships)[number]

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean
  readonly ignorePublicAcls: boolean
  readonly blockPublicPolicy: boolean
  readonly restrictPublicBuckets: boolean
}

type WithControls = Pick<Bucket, 'ownershipControls'>

/** A bucket without controls behaves as all did before there were any. */
export function objectOwnershipOf({ ownershipControls }: WithControls): ObjectOwnership {
  return ownershipControls === 'none' ? 'ObjectWriter' : (ownershipControls ?? 'BucketOwnerEnforced')
}

/**
 * The controls of a bucket made without saying so. ObjectWriter means buckets as they were before there were controls;
 * BucketOwnerEnforced is not recorded, and so is told from one that was asked for.
 */
export function defaultControls(ownership: ObjectOwnership): Pick<Bucket, 'ownershipControls'> {
  if (ownership === 'BucketOwnerEnforced') return {}
  return { ownershipControls: ownership === 'ObjectWriter' ? 'none' : ownership }
}

/** The block of a bucket made while DEFAULT_PUBLIC_ACCESS_BLOCK is on: all of it, as AWS has it since 2023. */
export function defaultBlock(isOn: boolean): Pick<Bucket, 'publicAccessBlock'> {
  if (!isOn) return {}
  const publicAccessBlock: PublicAccessBlock = {
    blockPublicAcls: true,
    ignorePublicAcls: true,
    blockPublicPolicy: true,
    restrictPublicBuckets: true,
  }
  return { publicAccessBlock }
}

export const hasAclsEnabled = ({ ownershipControls }: WithControls): boolean =>
  ownershipControls !== undefined && ownershipControls !== 'BucketOwnerEnforced'

/** While ACLs are disabled the bucket's owner owns everything in it, whoever wrote it. */
export const ownerOfObject = (bucket: Bucket, object: { readonly ownerId: string }): string =>
  hasAclsEnabled(bucket) ? object.ownerId : bucket.ownerId

/** `isOffered`: the writer says that the bucket's owner shall have full control. */
export function ownerOfNewObject(bucket: Bucket, writerId: string, isOffered: boolean): string {
  switch (objectOwnershipOf(bucket)) {
    case 'BucketOwnerEnforced':
      return bucket.ownerId
    case 'BucketOwnerPreferred':
      return isOffered ? bucket.ownerId : writerId
    case 'ObjectWriter':
      return writerId
  }
}

/** AccessDenied for a public ACL where these are blocked. */
export function refuseBlockedAcl({ publicAccessBlock }: Pick<Bucket, 'publicAccessBlock'>, acl: Acl): void {
  if (publicAccessBlock?.blockPublicAcls === true && isPublicAcl(acl)) {
    throw new ApiError('AccessDenied', { fields: { BlockedBy: 'BlockPublicAcls' } })
  }
}
