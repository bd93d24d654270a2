/** Describes the effect of a bucket's encryption in sentences, for the preview of the settings page. */
import { type BucketEncryption, encryptionInForce, type ServerEncryption } from '#model/bucket/bucket-encryption.ts'

export interface EncryptionEffect {
  readonly title: string
  readonly text: string
}

export function explainEncryption(
  encryption: BucketEncryption | undefined,
  server: ServerEncryption,
): EncryptionEffect[] {
  const rule = encryptionInForce(encryption === undefined ? {} : { encryption }, server)
  const method = rule?.method
  const isBlocked = rule?.blocked?.includes('SSE-C') === true
  return [
    { title: 'New objects', text: newObjects(rule) },
    {
      title: 'Existing objects',
      text: 'They are not changed. To encrypt one again, copy it onto itself.',
    },
    {
      title: 'Requests that name a method',
      text: `The method of the request is used, whatever the default is.${isBlocked ? ' Uploads with a customer-provided key (SSE-C) are refused with 403 Access Denied; existing objects stay readable with their keys.' : ''}`,
    },
    ...(usesKms(method) ? [{ title: 'Access', text: access(rule?.usesBucketKey === true) }] : []),
    {
      title: 'On disk',
      text:
        method === undefined
          ? 'Each object is a plain file in the folder of the bucket.'
          : 'Encrypted objects are not plain files: their bytes are kept below .myfsio.sys.',
    },
  ]
}

const usesKms = (method: BucketEncryption['method']): boolean => method === 'aws:kms' || method === 'aws:kms:dsse'

function newObjects({ method, kmsKeyId }: BucketEncryption = {}): string {
  const key = kmsKeyId === undefined ? 'the key alias/aws/s3, which is made at first use' : `the KMS key ${kmsKeyId}`
  if (method === undefined) return 'They are not encrypted, unless the request says so.'
  if (method === 'AES256') return 'They are encrypted with keys of the server (SSE-S3). Clients need no change.'
  const how = method === 'aws:kms' ? `encrypted with ${key} (SSE-KMS)` : `encrypted twice, with ${key} (DSSE-KMS)`
  return `They are ${how}. Their ETag is not the MD5 of their bytes.`
}

const access = (usesBucketKey: boolean): string =>
  `Uploads need kms:GenerateDataKey, reads need kms:Decrypt, multipart uploads need both. Anonymous requests are refused.${usesBucketKey ? ' With a bucket key the encryption context is the ARN of the bucket, not of the object.' : ''}`
