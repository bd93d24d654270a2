/**
 * The owner of objects that other accounts write to a bucket, and whether access control lists are enabled in it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
export const objectOwnerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const
export type ObjectOwnership = (typeof objectOwnerships)[number]

/** The part of a bucket with its ownership controls. */
export interface WithControls {
  /**
   * If absent, BucketOwnerEnforced by default. `none`: the controls were deleted, and the bucket behaves as under
   * ObjectWriter.
   */
  readonly ownershipControls?: ObjectOwnership | 'none'
}

type Owned = WithControls & { readonly ownerId: string }

/** A bucket without controls behaves as buckets did before S3 had them. */
export function objectOwnershipOf({ ownershipControls }: WithControls): ObjectOwnership {
  return ownershipControls === 'none' ? 'ObjectWriter' : (ownershipControls ?? 'BucketOwnerEnforced')
}

/**
 * The controls of a bucket created without any. ObjectWriter means a bucket without controls. BucketOwnerEnforced is
 * not recorded, to distinguish it from an explicit one.
 */
export function defaultControls(ownership: ObjectOwnership): WithControls {
  if (ownership === 'BucketOwnerEnforced') return {}
  return { ownershipControls: ownership === 'ObjectWriter' ? 'none' : ownership }
}

export const hasAclsEnabled = ({ ownershipControls }: WithControls): boolean =>
  ownershipControls !== undefined && ownershipControls !== 'BucketOwnerEnforced'

/** While ACLs are disabled, the bucket's owner owns every object in it. */
export const ownerOfObject = (bucket: Owned, object: { readonly ownerId: string }): string =>
  hasAclsEnabled(bucket) ? object.ownerId : bucket.ownerId

/** `isOffered`: the writer gives the bucket's owner full control. */
export function ownerOfNewObject(bucket: Owned, writerId: string, isOffered: boolean): string {
  switch (objectOwnershipOf(bucket)) {
    case 'BucketOwnerEnforced':
      return bucket.ownerId
    case 'BucketOwnerPreferred':
      return isOffered ? bucket.ownerId : writerId
    case 'ObjectWriter':
      return writerId
  }
}
