/**
 * Retention and legal hold of a version. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html,
 * API_PutObjectLegalHold.html
 */
import { ApiError } from '#model/errors.ts'
import type { ObjectLock } from '#model/object/lock/lock.ts'
import { assertHasLock, putLegalHold, putRetention } from '#objects/versions/lock-object.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { readLegalHold, readRetention, retentionElements } from '#s3/request/documents/lock-documents.ts'
import { assertBodyChecksum } from '#s3/request/headers/checksum-headers.ts'
import { requestedVersion } from '#s3/request/requested-version.ts'
import { readBypass } from './headers/lock-headers.ts'

export const getObjectRetention: Operation = async (request, { store }) => {
  const { retention } = await lockOf(request)
  if (retention === undefined) throw new ApiError('NoSuchObjectLockConfiguration')
  return { body: { root: 'Retention', content: retentionElements(retention, await store.timeMs()) } }
}

export const getObjectLegalHold: Operation = async (request) => {
  const { legalHold } = await lockOf(request)
  if (legalHold === undefined) throw new ApiError('NoSuchObjectLockConfiguration')
  return { body: { root: 'LegalHold', content: { Status: legalHold } } }
}

async function lockOf(request: S3Request): Promise<ObjectLock> {
  assertHasLock(request.bucket)
  return (await request.version()).lock ?? {}
}

export const putObjectRetention: Operation = async (request, { store }) => {
  const { bucket, key, actor } = request
  const { value: requested = {}, fault } = await readBody(request, readRetention)
  const asksToPass = bucket.objectLockEnabled && readBypass(request, bucket)
  await putRetention(store, actor, { bucket, key, versionId: requestedVersion(request), requested, fault, asksToPass })
  return {}
}

export const putObjectLegalHold: Operation = async (request, { store }) => {
  const { bucket, key, actor } = request
  const { value: status, fault } = await readBody(request, readLegalHold)
  await putLegalHold(store, actor, { bucket, key, versionId: requestedVersion(request), status, fault })
  return {}
}

/**
 * Conditions of policies use the body's values. Mistakes in the body are reported only to callers with the permission.
 */
async function readBody<Value>(
  { headers, body }: S3Request,
  read: (document: Buffer) => Value,
): Promise<{ readonly value?: Value; readonly fault?: unknown }> {
  try {
    assertBodyChecksum(headers)
    return { value: read(await body.document()) }
  } catch (fault) {
    return { fault }
  }
}
