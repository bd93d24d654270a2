/**
 * The default encryption of a bucket for requests that name none, and the method that the bucket refuses.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html
 */
import { ApiError } from '#model/errors.ts'

export const defaultMethods = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const
export type DefaultMethod = (typeof defaultMethods)[number]

/** `NONE`: no method is blocked, whatever new buckets block by default. */
export const blockedEncryptionTypes = ['SSE-C', 'NONE'] as const
export type BlockedEncryptionType = (typeof blockedEncryptionTypes)[number]

export interface BucketEncryption {
  /** The server's default if absent. */
  readonly method?: DefaultMethod
  /** As given: id, ARN or alias. Looked up when an object is written, as on AWS. The managed key if absent. */
  readonly kmsKeyId?: string
  readonly usesBucketKey?: true
  /** Nothing is blocked if absent. */
  readonly blocked?: readonly BlockedEncryptionType[]
}

export interface WithEncryption {
  /** If absent, the server's default applies and nothing is blocked. */
  readonly encryption?: BucketEncryption
}

/** The methods that DEFAULT_BLOCKED_ENCRYPTION blocks in new buckets. */
export function defaultBlockedEncryption(blocked: readonly BlockedEncryptionType[]): WithEncryption {
  return blocked.length === 0 ? {} : { encryption: { blocked } }
}

/** DEFAULT_ENCRYPTION. */
export type ServerEncryption = 'none' | 'AES256'

/** The rule that is in force. If undefined, objects are encrypted only if their request says so. */
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
