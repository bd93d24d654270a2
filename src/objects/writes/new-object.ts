/** The attributes of a new object: the permissions for its tags and ACL, its owner, and defaults. */
import { type Acl, aclToKeep, grantsAllToOne } from '#model/access/acl.ts'
import { hasAclsEnabled, ownerOfNewObject } from '#model/access/object-ownership.ts'
import { refuseBlockedAcl } from '#model/access/public-access-block.ts'
import { type RequestedAcl, resolveAcl } from '#model/access/requested-acl.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { ObjectAttributes, ObjectHeaders, StorageClass } from '#model/object/object.ts'
import type { Tags } from '#model/tags.ts'
import type { Actor } from '#objects/actor.ts'
import type { RequestedEncryption } from '#objects/encryption/requested-encryption.ts'
import { lockOfNewObject, type RequestedLock } from '#objects/versions/lock-object.ts'

/** A new object, as a request describes it. */
export interface NewObject {
  readonly bucket: Bucket
  readonly key: string
  readonly headers: ObjectHeaders
  readonly userMetadata?: Readonly<Record<string, string>>
  /** STANDARD if undefined. */
  readonly storageClass?: StorageClass | undefined
  readonly websiteRedirectLocation?: string | undefined
  /** Undefined if the request has no tags. An empty set still needs the permission to tag. */
  readonly tags?: Tags | undefined
  readonly acl?: RequestedAcl | undefined
  readonly encryption?: RequestedEncryption | undefined
  /** If undefined, the bucket's default applies. */
  readonly lock?: RequestedLock | undefined
}

/**
 * The attributes that the object will have. The edge has authorized s3:PutObject; this checks the further permissions
 * of the request. MetadataTooLarge; AccessControlListNotSupported if ACLs are disabled; AccessDenied without
 * s3:PutObjectAcl, s3:PutObjectTagging, s3:PutObjectRetention or s3:PutObjectLegalHold, or for a public ACL if these
 * are blocked; InvalidRequest for a lock in a bucket without Object Lock.
 */
export function authorizeNewObject(actor: Actor, object: NewObject): ObjectAttributes {
  const { headers, userMetadata = {}, storageClass = 'STANDARD', websiteRedirectLocation, tags } = object
  assertMetadataSize(userMetadata)
  const access = authorizeAccess(actor, object)
  if (tags !== undefined) authorizeTags(actor, object, tags)
  const lock = lockOfNewObject(actor, object)
  return {
    headers,
    userMetadata,
    storageClass,
    ...access,
    ...(websiteRedirectLocation === undefined ? {} : { websiteRedirectLocation }),
    ...(tags === undefined || Object.keys(tags).length === 0 ? {} : { tags }),
    ...(lock && { lock }),
  }
}

function assertMetadataSize(metadata: Readonly<Record<string, string>>): void {
  let sizeBytes = 0
  for (const name in metadata) sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(metadata[name] ?? '')
  if (sizeBytes <= limits.userMetadataBytes) return
  throw new ApiError('MetadataTooLarge', { fields: { Size: sizeBytes, MaxSizeAllowed: limits.userMetadataBytes } })
}

/** The object does not exist yet, and the one that it replaces has no influence. */
function authorizeTags({ principal, gatekeeper, facts }: Actor, { bucket, key }: NewObject, tags: Tags): void {
  const objectTags = Object.entries(tags)
  gatekeeper.authorize(principal, 's3:PutObjectTagging', { bucket, key, object: null }, { ...facts, objectTags })
}

function authorizeAccess(
  { principal, gatekeeper, facts }: Actor,
  { bucket, key, acl: requested }: NewObject,
): Pick<ObjectAttributes, 'ownerId' | 'acl'> {
  const isOffered = requested !== undefined && 'canned' in requested && requested.canned === ownedByBucketOwner
  const ownerId = ownerOfNewObject(bucket, principal.canonicalId, isOffered)
  if (requested === undefined) return { ownerId }
  const acl = resolveAcl(requested, { ownerId, bucketOwnerId: bucket.ownerId })
  if (!hasAclsEnabled(bucket) && !isWithoutEffect(requested, acl, bucket, principal.canonicalId)) {
    throw new ApiError('AccessControlListNotSupported')
  }
  // The writer's own account must allow this:
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
  const object = { ownerId: principal.canonicalId }
  gatekeeper.authorize(principal, 's3:PutObjectAcl', { bucket, key, object }, facts)
  refuseBlockedAcl(bucket, acl)
  const kept = aclToKeep(acl, ownerId)
  return kept === undefined ? { ownerId } : { ownerId, acl: kept }
}

const ownedByBucketOwner = 'bucket-owner-full-control'

/**
 * Whether an ACL changes nothing while ACLs are disabled: full control of the bucket's owner, by its name or as a
 * grant. `private`, which means the same for the owner's writes, is accepted only if the setting is the default: older
 * clients send it by default (rclone before 1.61), and S3 itself refuses it.
 */
function isWithoutEffect(requested: RequestedAcl, acl: Acl, bucket: Bucket, writerId: string): boolean {
  if (!('canned' in requested)) return grantsAllToOne(acl, bucket.ownerId)
  if (requested.canned === ownedByBucketOwner) return true
  return requested.canned === 'private' && writerId === bucket.ownerId && bucket.ownershipControls === undefined
}
