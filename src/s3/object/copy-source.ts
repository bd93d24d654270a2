/** The object that x-amz-copy-source names, opened: permission, existence and conditions are settled here, once for both copies. */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import { readAuthorized } from '#access/decide/object-access.ts'
import { type Bucket, isBucketName } from '#model/bucket.ts'
import { decodeCopySource, type NamedSource } from '#model/copy-source.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey, assertVersionId } from '#model/object.ts'
import { assertActive } from '#model/storage-class.ts'
import type { S3Request, Services } from '#s3/operation.ts'
import { assertExpectedOwner } from '#s3/request/expected-owner.ts'
import type { OpenObject } from '#store/contract.ts'
import { checkCopySource } from './conditions.ts'

export interface CopySource {
  readonly bucket: Bucket
  readonly key: string
  readonly versionId: string | undefined
  readonly opened: OpenObject
}

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

/** The version that is asked for is the source's own. */
export function factsOfVersion({ facts }: S3Request, versionId: string | undefined): RequestFacts {
  return { ...facts, keys: versionId === undefined ? {} : { 's3:versionid': versionId } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, x-amz-copy-source: a delete marker is none. */
function asSourceError(error: unknown): never {
  if (!(error instanceof ApiError) || error.code !== 'MethodNotAllowed') throw error
  throw new ApiError('InvalidRequest', {
    message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
  })
}

export async function openCopySource(request: S3Request, services: Services): Promise<CopySource> {
  const header = String(request.headers['x-amz-copy-source'])
  const { bucketName, key, versionId } = parseCopySource(header)
  if (!isBucketName(bucketName)) {
    throw new ApiError('InvalidArgument', {
      message: 'Invalid copy source bucket name',
      fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header },
    })
  }
  assertKey(key)
  const bucket = await services.store.getBucket(bucketName)
  assertExpectedOwner(request.headers, 'x-amz-source-expected-bucket-owner', bucket, services)
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  const opened = await readAuthorized(
    services,
    { principal: request.caller.principal, action, bucket, key, facts: factsOfVersion(request, versionId) },
    () => services.store.openObject(bucketName, key, versionId).catch(asSourceError),
    { versionOf: ({ version }) => version, release: (found) => found.close() },
  )
  try {
    checkCopySource(request.headers, 'x-amz-copy-source-', opened.version)
    assertActive(opened.version, 'copy')
  } catch (error) {
    opened.close()
    throw error
  }
  return { bucket, key, versionId, opened }
}
