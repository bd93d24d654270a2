/** Permissions that may depend on the object itself. It is read before the decision only if a policy asks for it. */
import { ObjectNeeded } from '#access/object-needed.ts'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import type { S3Request, Services } from './operation.ts'

export interface AskedVersion {
  readonly action: string
  readonly bucket: Bucket
  readonly key: string
  readonly versionId: string | undefined
}

/** AccessDenied unless the caller may; also for an object that is not there, which then has no tags. */
export async function authorizeOnVersion(request: S3Request, services: Services, asked: AskedVersion): Promise<void> {
  const { action, bucket, key, versionId } = asked
  const keys = versionId === undefined ? {} : { 's3:versionid': versionId }
  try {
    request.authorize(action, { bucket, key }, keys)
  } catch (error) {
    if (!(error instanceof ObjectNeeded)) throw error
    request.authorize(action, { bucket, key, object: await findVersion(services, asked) }, keys)
  }
}

async function findVersion(
  { store }: Services,
  { bucket, key, versionId }: AskedVersion,
): Promise<ObjectVersion | null> {
  try {
    return await store.headObject(bucket.name, key, versionId)
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return null
    throw error
  }
}
