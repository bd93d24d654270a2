import { readAuthorized } from '#access/object-access.ts'
import type { ObjectVersion } from '#model/object.ts'
import { assertTags, type NamedTags } from '#model/tags.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readTagging, taggingDocument } from '#s3/tagging.ts'
import { versionHeader } from './put-object.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export async function getObjectTagging(request: S3Request): Promise<S3Response> {
  const version = await request.version()
  return { headers: versionHeader(request.bucket.versioning, version), body: taggingDocument(version.tags ?? {}) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export async function putObjectTagging(request: S3Request, services: Services): Promise<S3Response> {
  const { bucket } = request
  let named: NamedTags = []
  let fault: unknown
  try {
    named = readTagging(await request.body.document())
  } catch (error) {
    fault = error
  }
  const version = await authorizedVersion(request, services, named)
  // Only now: whoever may not tag learns nothing else.
  if (fault !== undefined) throw fault
  const tags = assertTags(named, 'object')
  await services.store.changeVersion(bucket.name, version, ({ tags: _, ...rest }) =>
    tags === undefined ? rest : { ...rest, tags },
  )
  return { headers: versionHeader(bucket.versioning, version) }
}

/** Conditions may ask for the tags that are to be, and for those that are. */
function authorizedVersion(request: S3Request, services: Services, named: NamedTags): Promise<ObjectVersion> {
  const { bucket, key, query, caller } = request
  const action = query.has('versionId') ? 's3:PutObjectVersionTagging' : 's3:PutObjectTagging'
  const facts = { ...request.facts, objectTags: named }
  const asked = { principal: caller.principal, action, bucket, key, facts }
  const look = { versionOf: (version: ObjectVersion) => version, release: () => undefined }
  return readAuthorized(services, asked, () => request.version(), look)
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
export async function deleteObjectTagging(request: S3Request, { store }: Services): Promise<S3Response> {
  const { bucket } = request
  const version = await request.version()
  if (version.tags !== undefined) await store.changeVersion(bucket.name, version, ({ tags: _, ...rest }) => rest)
  return { status: 204, headers: versionHeader(bucket.versioning, version) }
}
