/**
 * The ETag of bytes that were uploaded at once. With KMS methods and customer keys it is random:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
import { randomBytes } from 'node:crypto'
import type { Staged } from '#blobs/contract/incoming.ts'
import { hasDigestAsEtag, type ObjectEncryption } from '#model/object/encryption.ts'

export function etagOf({ digests }: Pick<Staged, 'digests'>, encryption: ObjectEncryption | undefined): string {
  return (hasDigestAsEtag(encryption) ? digests.get('MD5') : randomBytes(16))?.toString('hex') ?? ''
}
