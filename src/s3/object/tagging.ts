import { readAuthorized } from '#access/object-access.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import { assertTags, hasSameTags, type NamedTags, type Tags, withTags } from '#model/tags.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readTagging, taggingDocument } from '#s3/tagging.ts'
import { versionHeader } from './put-object.ts'
import { requestedVersion } from './requested-version.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export async function getObjectTagging(request: S3Request): Promise<S3Response> {
  const version = await request.version()
  return { headers: versionHeader(request.bucket.versioning, version), body: taggingDocument(version.tags ?? {}) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export async function putObjectTagging(request: S3Request, services: Services): Promise<S3Response> {
  let named: NamedTags = []
  let fault: unknown
  try {
    named = readTagging(await request.body.document())
  } catch (error) {
    fault = error
  }
  const version = await changeTags(request, services, 'Put', named, () => {
    // Only now: whoever may not tag learns nothing else.
    if (fault !== undefined) throw fault
    return assertTags(named, 'object')
  })
  return { headers: versionHeader(request.bucket.versioning, version) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
export async function deleteObjectTagging(request: S3Request, services: Services): Promise<S3Response> {
  const version = await changeTags(request, services, 'Delete', [], () => undefined)
  return { status: 204, headers: versionHeader(request.bucket.versioning, version) }
}

const attempts = 100

/**
 * Sets the tags of the version addressed. Conditions may ask for those that are to be and for those that are: where another request
 * has changed these, or replaced the object, permission is asked for anew.
 */
async function changeTags(
  request: S3Request,
  services: Services,
  verb: 'Put' | 'Delete',
  objectTags: NamedTags,
  wanted: () => Tags | undefined,
): Promise<ObjectVersion> {
  const { bucket, key, caller } = request
  const { store } = services
  const versionId = requestedVersion(request)
  const action = `s3:${verb}Object${versionId === undefined ? '' : 'Version'}Tagging`
  const asked = { principal: caller.principal, action, bucket, key, facts: { ...request.facts, objectTags } }
  const look = { versionOf: (version: ObjectVersion) => version, release: () => undefined }
  for (let attempt = 0; attempt < attempts; attempt++) {
    const judged = await readAuthorized(services, asked, () => store.headObject(bucket.name, key, versionId), look)
    const tags = wanted()
    const changed = await store.changeVersion(bucket.name, judged, (version) =>
      hasSameTags(version, judged) ? withTags(version, tags) : undefined,
    )
    if (changed !== undefined) return changed
  }
  throw new ApiError('OperationAborted')
}
