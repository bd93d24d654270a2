import { ApiError } from '#model/errors.ts'
import { deleteObject as remove } from '#objects/versions/delete-object.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { requestedVersion } from '#s3/request/requested-version.ts'
import type { DeleteConditions, DeletedObject } from '#store/contract.ts'
import { readBypass } from './headers/lock-headers.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export const deleteObject: Operation = async (request, { store }) => {
  const { bucket, key, actor } = request
  const versionId = requestedVersion(request)
  const asksToPass = readBypass(request, bucket)
  const conditions = deleteConditions(request)
  const deleted = await remove(store, actor, { bucket, key, versionId, conditions, asksToPass })
  return { status: 204, headers: bucket.versioning === 'Unversioned' ? {} : deletedHeaders(deleted) }
}

function deletedHeaders(deleted: DeletedObject): Record<string, string> {
  return {
    ...(deleted.versionId === undefined ? {} : { 'x-amz-version-id': deleted.versionId }),
    ...(deleted.isDeleteMarker ? { 'x-amz-delete-marker': 'true' } : {}),
  }
}

function deleteConditions({ headers }: S3Request): DeleteConditions {
  const ifMatch = headers['if-match']
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: ifMatch.trim().replace(/^"(.*)"$/, '$1') }),
    ...parseSizeAndTime(headers['x-amz-if-match-size'], headers['x-amz-if-match-last-modified-time']),
  }
}

export function parseSizeAndTime(
  size: string | string[] | undefined,
  time: string | string[] | undefined,
): Pick<DeleteConditions, 'ifMatchSizeBytes' | 'ifMatchLastModifiedMs'> {
  if (size !== undefined && !/^\d{1,16}$/.test(String(size))) throw new ApiError('InvalidArgument')
  const timeMs = time === undefined ? undefined : Date.parse(String(time))
  if (Number.isNaN(timeMs)) throw new ApiError('InvalidArgument')
  return {
    ...(size === undefined ? {} : { ifMatchSizeBytes: Number(size) }),
    ...(timeMs === undefined ? {} : { ifMatchLastModifiedMs: timeMs }),
  }
}
