/** The object in x-amz-copy-source, and the conditions on it. */
import { isBucketName } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { decodeCopySource, type NamedSource } from '#model/object/copy-source.ts'
import { assertKey, assertVersionId, type ObjectVersion } from '#model/object/object.ts'
import type { CopySource } from '#objects/copies/open-source.ts'
import type { S3Request, Services } from '#s3/operation.ts'
import { keyOfSource } from '#s3/request/headers/encryption-headers.ts'
import { assertExpectedOwner } from '#s3/request/headers/expected-owner.ts'
import { checkCopySource } from './conditions.ts'

const badSource = (message: string) =>
  new ApiError('InvalidArgument', { message, fields: { ArgumentName: 'x-amz-copy-source' } })

export function parseCopySource(header: string): { bucketName: string; key: string; versionId: string | undefined } {
  let source: NamedSource
  try {
    source = decodeCopySource(header)
  } catch {
    throw badSource('Invalid copy source encoding.')
  }
  const { path, versionId } = source
  const slash = path.indexOf('/')
  if (slash < 1 || slash === path.length - 1) {
    throw badSource('Copy Source must mention the source bucket and key: sourcebucket/sourcekey')
  }
  if (versionId !== undefined) assertVersionId(versionId)
  return { bucketName: path.slice(0, slash), key: path.slice(slash + 1), versionId }
}

export async function readCopySource(request: S3Request, services: Services): Promise<CopySource> {
  const { headers } = request
  const header = String(headers['x-amz-copy-source'])
  const { bucketName, key, versionId } = parseCopySource(header)
  if (!isBucketName(bucketName)) {
    throw new ApiError('InvalidArgument', {
      message: 'Invalid copy source bucket name',
      fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header },
    })
  }
  assertKey(key)
  const bucket = await services.store.getBucket(bucketName)
  assertExpectedOwner(headers, 'x-amz-source-expected-bucket-owner', bucket, services)
  const check = (version: ObjectVersion) => checkCopySource(headers, 'x-amz-copy-source-', version, services.clock)
  return { bucket, key, versionId, check, customerKey: keyOfSource(request, services) }
}
