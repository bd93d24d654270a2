/** What a new object will be: the rights that its tags and its ACL take, its owner, and what it gets without being asked. */
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

/** An object as a request describes it. */
export interface NewObject {
  readonly bucket: Bucket
  readonly key: string
  readonly headers: ObjectHeaders
  readonly userMetadata?: Readonly<Record<string, string>>
  /** STANDARD unless it says otherwise. */
  readonly storageClass?: StorageClass | undefined
  readonly websiteRedirectLocation?: string | undefined
  /** Undefined where the request says nothing of tags; naming none at all still takes the right to tag. */
  readonly tags?: Tags | undefined
  readonly acl?: RequestedAcl | undefined
  readonly encryption?: RequestedEncryption | undefined
  /** Undefined where the request says nothing of Object Lock: the bucket's default counts. */
  readonly lock?: RequestedLock | undefined
}

/**
 * The attributes that the object will have. The edge has asked for s3:PutObject; this asks for what the request wants beside it.
 * MetadataTooLarge; AccessControlListNotSupported where ACLs are disabled; AccessDenied without s3:PutObjectAcl,
 * s3:PutObjectTagging, s3:PutObjectRetention or s3:PutObjectLegalHold, or for a public ACL where these are blocked; InvalidRequest for a
 * lock in a bucket without.
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

/** The object is not there yet, and what it replaces has no say. */
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
  // The writer's own account must allow this: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
  const object = { ownerId: principal.canonicalId }
  gatekeeper.authorize(principal, 's3:PutObjectAcl', { bucket, key, object }, facts)
  refuseBlockedAcl(bucket, acl)
  const kept = aclToKeep(acl, ownerId)
  return kept === undefined ? { ownerId } : { ownerId, acl: kept }
}

const ownedByBucketOwner = 'bucket-owner-full-control'

/**
 * Whether an ACL changes nothing while ACLs are disabled: full control of the bucket's owner, by its name or as a grant. `private`,
 * which means the same for what the owner writes, is accepted only where the setting is the default: older clients send it unasked
 * (rclone before 1.61), and S3 itself refuses it.
 */
function isWithoutEffect(requested: RequestedAcl, acl: Acl, bucket: Bucket, writerId: string): boolean {
  if (!('canned' in requested)) return grantsAllToOne(acl, bucket.ownerId)
  if (requested.canned === ownedByBucketOwner) return true
  return requested.canned === 'private' && writerId === bucket.ownerId && bucket.ownershipControls === undefined
}
