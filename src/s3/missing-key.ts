import { hideMissingObject, tellMissingToListers } from '#access/decide/objects/missing-object.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { OperationRow, S3Request, Services } from './operation.ts'

/**
 * The error to show: as on AWS, a missing key is AccessDenied to callers who may not list it, and AccessDenied for
 * reading is a missing key to callers who may list it.
 */
export async function showFailure(
  error: unknown,
  row: OperationRow,
  request: S3Request,
  bucket: Bucket,
  { gatekeeper, store }: Services,
): Promise<unknown> {
  const { method, key, query, facts, caller } = request
  if (!(error instanceof ApiError) || (method !== 'GET' && method !== 'HEAD')) return error
  const asked = { principal: caller.principal, bucket, key, facts }
  const isMarker = error.headers['x-amz-delete-marker'] !== undefined && !query.has('versionId')
  if (error.code === 'NoSuchKey' || isMarker) return hideMissingObject(error, asked, gatekeeper)
  const reads = row.name === 'GetObject' || row.name === 'HeadObject'
  return reads
    ? tellMissingToListers(error, { ...asked, versionId: query.get('versionId') }, { gatekeeper, store })
    : error
}
