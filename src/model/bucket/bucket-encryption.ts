/**
 * How a bucket has new objects encrypted whose request does not say, and which method it refuses.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html
 */
import { ApiError } from '#model/errors.ts'

export const defaultMethods = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const
export type DefaultMethod = (typeof defaultMethods)[number]

/** `NONE`: no method is blocked, whatever a new bucket would block. */
export const blockedEncryptionTypes = ['SSE-C', 'NONE'] as const
export type BlockedEncryptionType = (typeof blockedEncryptionTypes)[number]

export interface BucketEncryption {
  /** Absent: the server's default. */
  readonly method?: DefaultMethod
  /** As given: id, ARN, alias. Looked up when an object is written, as on AWS. Absent: the managed key. */
  readonly kmsKeyId?: string
  readonly usesBucketKey?: true
  /** Absent: the setting says nothing of it, so nothing is blocked. */
  readonly blocked?: readonly BlockedEncryptionType[]
}

export interface WithEncryption {
  /** Absent: the server's default, and nothing is blocked. */
  readonly encryption?: BucketEncryption
}

/** What new buckets get by DEFAULT_BLOCKED_ENCRYPTION. */
export function defaultBlockedEncryption(blocked: readonly BlockedEncryptionType[]): WithEncryption {
  return blocked.length === 0 ? {} : { encryption: { blocked } }
}

/** DEFAULT_ENCRYPTION. */
export type ServerEncryption = 'none' | 'AES256'

/** The rule that is in force; undefined: objects are not encrypted unless their request says so. */
export function encryptionInForce(
  { encryption = {} }: WithEncryption,
  server: ServerEncryption,
): BucketEncryption | undefined {
  if (encryption.method !== undefined) return encryption
  if (server === 'AES256') return { ...encryption, method: 'AES256' }
  return encryption.blocked === undefined ? undefined : encryption
}

export const blocksCustomerKeys = ({ encryption }: WithEncryption): boolean =>
  encryption?.blocked?.includes('SSE-C') === true

const argument = { ArgumentName: 'ApplyServerSideEncryptionByDefault' }

/** InvalidArgument for a key without a method that uses one, and for a bucket key with DSSE. */
export function assertBucketEncryption({ method, kmsKeyId, usesBucketKey }: BucketEncryption): void {
  if (kmsKeyId !== undefined && (method === undefined || method === 'AES256')) {
    throw new ApiError('InvalidArgument', {
      message: 'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      fields: argument,
    })
  }
  if (usesBucketKey === true && method === 'aws:kms:dsse') {
    throw new ApiError('InvalidArgument', {
      message: 'S3 Bucket Keys are not supported for dual-layer server-side encryption with AWS KMS keys (DSSE-KMS).',
      fields: argument,
    })
  }
}
