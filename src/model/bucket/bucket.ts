import { isIP } from 'node:net'
import type { Acl } from '#model/access/acl.ts'
import type { WithControls } from '#model/access/object-ownership.ts'
import type { WithBlock } from '#model/access/public-access-block.ts'
import { ApiError } from '#model/errors.ts'
import type { DefaultRetention } from '#model/object/lock/lock.ts'
import type { Tags } from '#model/tags.ts'
import type { WithEncryption } from './bucket-encryption.ts'
import type { SettingName } from './bucket-settings.ts'
import type { BucketQuota } from './quota.ts'

export type VersioningStatus = 'Unversioned' | 'Enabled' | 'Suspended'

export interface Bucket extends WithControls, WithBlock, WithEncryption {
  readonly name: string
  readonly createdAtMs: number
  /** Canonical id of the owner, see model/account.ts. */
  readonly ownerId: string
  readonly region: string
  readonly versioning: VersioningStatus
  readonly mfaDelete: boolean
  /** Once true it stays so. */
  readonly objectLockEnabled: boolean
  /** The default retention of new versions if Object Lock is enabled. */
  readonly defaultRetention?: DefaultRetention
  /** If absent, only the owner has access. */
  readonly acl?: Acl
  /** There are listeners for changes of its objects: each commit appends to the bucket's outbox. */
  readonly hasListeners?: true
  /** They have an effect on access only with `hasAbac`, unlike tags of objects. */
  readonly tags?: Tags
  /** Attribute-based access control: conditions of policies can use the bucket's tags. */
  readonly hasAbac?: true
  /** Requester Pays: other accounts must agree to pay for their requests. */
  readonly requesterPays?: true
  /** The settings that have their own row. */
  readonly settings?: readonly SettingName[]
  /** There is no quota if absent. */
  readonly quota?: BucketQuota
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 * Buckets are folders: a valid name cannot leave STORAGE_ROOT, and cannot be `.myfsio.sys` or `/_/`.
 */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !name.includes('.-') &&
    !name.includes('-.') &&
    isIP(name) === 0 &&
    !/^(xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)
  )
}

/**
 * Paths of routes that are not S3's: a bucket with such a name would hide them. Buckets created before the names were
 * reserved stay.
 */
const reservedNames: ReadonlySet<string> = new Set(['bucket-policy', 'healthz', 'presign'])

export const isReservedName = (name: string): boolean => reservedNames.has(name)

/** InvalidBucketName, for new buckets only. */
export function assertFreeName(name: string): void {
  if (!isReservedName(name)) return
  throw new ApiError('InvalidBucketName', {
    message: 'The specified bucket is not valid: the server has a route of this name.',
    fields: { BucketName: name },
  })
}

export function assertBucketName(name: string): void {
  if (!isBucketName(name)) throw new ApiError('InvalidBucketName', { fields: { BucketName: name } })
}

/**
 * Once enabled, versioning can only be suspended.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
 */
export function withVersioning(bucket: Bucket, status: 'Enabled' | 'Suspended'): Bucket {
  if (bucket.objectLockEnabled && status === 'Suspended') {
    throw new ApiError('InvalidBucketState', {
      message: 'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    })
  }
  return { ...bucket, versioning: status }
}

export type Payer = 'BucketOwner' | 'Requester'

export function withPayer({ requesterPays: _, ...bucket }: Bucket, payer: Payer): Bucket {
  return payer === 'Requester' ? { ...bucket, requesterPays: true } : bucket
}

export function withAbac({ hasAbac: _, ...bucket }: Bucket, isEnabled: boolean): Bucket {
  return isEnabled ? { ...bucket, hasAbac: true } : bucket
}

/**
 * InvalidRequest: if tags decide about access, they must be changed with the permissions s3:TagResource and
 * s3:UntagResource.
 */
export function assertTaggedDirectly({ hasAbac }: Bucket): void {
  if (!hasAbac) return
  throw new ApiError('InvalidRequest', {
    message:
      'Attribute-based access control is enabled for this bucket: use TagResource and UntagResource for its tags.',
  })
}
