import type { NamedTags } from '#model/tags.ts'
import { deleteTags, putTags } from '#objects/versions/tag-object.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readTagging, taggingDocument } from '#s3/request/documents/tagging.ts'
import { requestedVersion } from '#s3/request/requested-version.ts'
import { versionHeader } from './put-object.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export async function getObjectTagging(request: S3Request): Promise<S3Response> {
  const version = await request.version()
  return { headers: versionHeader(request.bucket.versioning, version), body: taggingDocument(version.tags ?? {}) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export async function putObjectTagging(request: S3Request, { store }: Services): Promise<S3Response> {
  const { bucket, key, actor } = request
  let named: NamedTags = []
  let fault: unknown
  try {
    named = readTagging(await request.body.document())
  } catch (error) {
    fault = error
  }
  const version = await putTags(store, actor, { bucket, key, versionId: requestedVersion(request), named, fault })
  return { headers: versionHeader(bucket.versioning, version) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
export async function deleteObjectTagging(request: S3Request, { store }: Services): Promise<S3Response> {
  const { bucket, key, actor } = request
  const version = await deleteTags(store, actor, { bucket, key, versionId: requestedVersion(request) })
  return { status: 204, headers: versionHeader(bucket.versioning, version) }
}
