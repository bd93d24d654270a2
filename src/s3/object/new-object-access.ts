/** Whose an object will be that is about to be written, and who else may use it. */
import type { IncomingHttpHeaders } from 'node:http'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Principal } from '#model/account.ts'
import { type Acl, aclToKeep, grantsAllToOne } from '#model/acl.ts'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { hasAclsEnabled, ownerOfNewObject } from '#model/object-ownership.ts'
import { refuseBlockedAcl } from '#model/public-access-block.ts'
import { type RequestedAcl, requestedAcl, resolveAcl } from '#s3/acl/acl-request.ts'
import type { S3Request, Services } from '#s3/operation.ts'

export interface ObjectAccess {
  readonly ownerId: string
  readonly acl?: Acl
}

interface Writer {
  readonly principal: Principal
  readonly facts: RequestFacts
}

export const writerOf = ({ caller, facts }: S3Request): Writer => ({ principal: caller.principal, facts })

/**
 * The access that the headers of a write ask for. Errors of `requestedAcl`; AccessControlListNotSupported where ACLs are disabled;
 * AccessDenied without s3:PutObjectAcl, or for a public ACL where these are blocked.
 */
export function accessOfNewObject(
  headers: IncomingHttpHeaders,
  place: { readonly bucket: Bucket; readonly key: string },
  { principal, facts }: Writer,
  { accounts, gatekeeper }: Services,
): ObjectAccess {
  const { bucket } = place
  const requested = requestedAcl(headers, 'object', accounts)
  const isOffered = requested !== undefined && 'canned' in requested && requested.canned === ownedByBucketOwner
  const ownerId = ownerOfNewObject(bucket, principal.canonicalId, isOffered)
  if (requested === undefined) return { ownerId }
  const acl = resolveAcl(requested, ownerId, bucket.ownerId)
  if (!hasAclsEnabled(bucket) && !isWithoutEffect(requested, acl, bucket, principal)) {
    throw new ApiError('AccessControlListNotSupported')
  }
  // It is the writer's own account that must allow this: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
  const object = { ownerId: principal.canonicalId }
  gatekeeper.authorize(principal, 's3:PutObjectAcl', { ...place, object }, facts)
  refuseBlockedAcl(bucket, acl)
  const kept = aclToKeep(acl, ownerId)
  return kept === undefined ? { ownerId } : { ownerId, acl: kept }
}

const ownedByBucketOwner = 'bucket-owner-full-control'

/**
 * Whether an ACL says what is so anyway while these are disabled: full control of the bucket's owner, by its name or in its words.
 * `private`, which says the same of what the owner writes, is taken only where nobody asked for the setting: older clients send it by
 * default (rclone before 1.61), and S3 itself refuses it.
 */
function isWithoutEffect(requested: RequestedAcl, acl: Acl, bucket: Bucket, principal: Principal): boolean {
  if (!('canned' in requested)) return grantsAllToOne(acl, bucket.ownerId)
  if (requested.canned === ownedByBucketOwner) return true
  const isOwner = principal.canonicalId === bucket.ownerId
  return requested.canned === 'private' && isOwner && bucket.ownershipControls === undefined
}
