/**
 * The ETag of bytes that came in one piece. With the methods of KMS and customers' keys it tells nothing of them:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
import { randomBytes } from 'node:crypto'
import type { Staged } from '#blobs/contract/incoming.ts'
import { hasDigestAsEtag, type ObjectEncryption } from '#model/object/encryption.ts'

export function etagOf({ digests }: Pick<Staged, 'digests'>, encryption: ObjectEncryption | undefined): string {
  return (hasDigestAsEtag(encryption) ? digests.get('MD5') : randomBytes(16))?.toString('hex') ?? ''
}
