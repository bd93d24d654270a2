/** The access that a request sets, before the owner of the bucket or object is known. */

import { ApiError } from '#model/errors.ts'
import { type Acl, type CannedAcl, expandCannedAcl, grantsAllToOne } from './acl.ts'

export type RequestedAcl = { readonly canned: CannedAcl } | { readonly acl: Acl }

export interface Owners {
  readonly ownerId: string
  readonly bucketOwnerId: string
}

export function resolveAcl(requested: RequestedAcl, { ownerId, bucketOwnerId }: Owners): Acl {
  return 'acl' in requested ? requested.acl : expandCannedAcl(requested.canned, ownerId, bucketOwnerId)
}

/** A new ACL for an existing bucket or object. */
export interface AclChange {
  /** Undefined for a list of grants. */
  readonly canned: CannedAcl | undefined
  /** AccessDenied if the request names another owner. */
  aclFor(owners: Owners): Acl
}

/**
 * While ACLs are disabled, only ACLs without effect are accepted: full control of the bucket's owner alone, as a list
 * or as one of these canned ACLs. https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
export function assertWithoutEffect(
  { canned, aclFor }: AclChange,
  ownerId: string,
  accepted: readonly CannedAcl[],
): void {
  const isAccepted = canned === undefined || accepted.includes(canned)
  if (isAccepted && isOwnersAlone(aclFor, ownerId)) return
  throw new ApiError('AccessControlListNotSupported')
}

function isOwnersAlone(aclFor: AclChange['aclFor'], ownerId: string): boolean {
  try {
    return grantsAllToOne(aclFor({ ownerId, bucketOwnerId: ownerId }), ownerId)
  } catch (error) {
    // It names another owner.
    if (error instanceof ApiError && error.code === 'AccessDenied') return false
    throw error
  }
}
