import type { ObjectVersion } from '#model/object.ts'
import { assertTags, hasSameTags, type NamedTags, type Tags, withTags } from '#model/tags.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readTagging, taggingDocument } from '#s3/request/tagging.ts'
import { changeAddressed } from './change-addressed.ts'
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

/** Conditions may ask for the tags that are to be and for those that are. */
function changeTags(
  request: S3Request,
  services: Services,
  verb: 'Put' | 'Delete',
  objectTags: NamedTags,
  wanted: () => Tags | undefined,
): Promise<ObjectVersion> {
  const action = `s3:${verb}Object${requestedVersion(request) === undefined ? '' : 'Version'}Tagging`
  const facts = { ...request.facts, objectTags }
  const change = (judged: ObjectVersion) => {
    const tags = wanted()
    return (stored: ObjectVersion) => (hasSameTags(stored, judged) ? withTags(stored, tags) : undefined)
  }
  return changeAddressed(request, services, { action, facts, change })
}
