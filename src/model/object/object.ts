/** The record of an object version, without its bytes. */
import type { Acl } from '#model/access/acl.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Tags } from '#model/tags.ts'
import type { AnnotationSet } from './annotation-set.ts'
import type { ObjectEncryption } from './encryption.ts'
import type { ObjectLock } from './lock/lock.ts'

export const checksumAlgorithms = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** Base64 of the big-endian digest, with the suffix `-<parts>` if COMPOSITE, as S3 shows it. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}

/** Standard headers stored with an object and sent back unchanged. Absent ones are not stored. */
export interface ObjectHeaders {
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly contentDisposition?: string
  readonly contentLanguage?: string
  readonly cacheControl?: string
  readonly expires?: string
}

/** The attributes that a client sets on an object. */
export interface ObjectAttributes {
  readonly headers: ObjectHeaders
  /** Names in lower case without `x-amz-meta-`; values as sent. */
  readonly userMetadata: Readonly<Record<string, string>>
  readonly storageClass: StorageClass
  readonly websiteRedirectLocation?: string
  /** Canonical id of the owner, see model/account.ts. */
  readonly ownerId: string
  /** If absent, only the owner has access. */
  readonly acl?: Acl
  /** Absent if there are none. */
  readonly tags?: Tags
  /** Absent if the version was never locked. In an object that is not stored yet: absent for the bucket's default. */
  readonly lock?: ObjectLock
}

export interface ObjectVersion extends ObjectAttributes {
  readonly key: string
  /** `null` for a version written while versioning was off or suspended. */
  readonly versionId: string
  readonly isDeleteMarker: boolean
  readonly sizeBytes: number
  /**
   * Hex MD5, or for multipart the hex MD5 of the parts' MD5s, a hyphen and their number; no quotes. Empty for a delete
   * marker.
   */
  readonly etag: string
  readonly modifiedAtMs: number
  readonly checksum?: Checksum
  /** Number of parts of a multipart upload; 0 for a single PUT. */
  readonly partCount: number
  /** Absent if there are none. */
  readonly annotations?: AnnotationSet
  /** Absent if its bytes are not encrypted. */
  readonly encryption?: ObjectEncryption
}

/** One part of a completed multipart object. */
export interface ObjectPart {
  readonly partNumber: number
  readonly sizeBytes: number
  readonly checksum?: string
  /** Base64. Each encrypted part has its own salt, also if it replaces a part of the same number. */
  readonly salt?: string
  /** The first part of an object that was appended to: all of the original object. */
  readonly isWhole?: true
}

export const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
] as const
export type StorageClass = (typeof storageClasses)[number]

/**
 * A valid key: 1 to 1,024 bytes of UTF-8 without NUL, which separates the parts of index keys.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
export function assertKey(key: string): void {
  if (key.length * 3 > limits.keyBytes && Buffer.byteLength(key) > limits.keyBytes) {
    throw new ApiError('KeyTooLongError', { fields: { Size: Buffer.byteLength(key), MaxSizeAllowed: limits.keyBytes } })
  }
  if (key.includes('\0')) throw new ApiError('InvalidArgument', { message: 'Object keys must not contain NUL.' })
  if (!key.isWellFormed()) throw new ApiError('InvalidURI')
}

/**
 * A version id that this server can have issued: `null`, or 32 hex digits. Anything else is InvalidArgument, also the
 * empty one.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
 */
export function assertVersionId(text: string): void {
  if (isVersionId(text)) return
  throw new ApiError('InvalidArgument', {
    message: text === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified',
    fields: { ArgumentName: 'versionId', ArgumentValue: text },
  })
}

export const isVersionId = (text: string): boolean => text === 'null' || /^[0-9a-f]{32}$/.test(text)

/** Whether a full-object checksum matches these digests. A composite checksum cannot be compared with whole bytes. */
export function isChecksumOfBytes(checksum: Checksum, digests: ReadonlyMap<ChecksumAlgorithm, Buffer>): boolean {
  return checksum.type === 'FULL_OBJECT' && digests.get(checksum.algorithm)?.toString('base64') === checksum.value
}
