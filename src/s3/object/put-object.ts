import type { Operation, S3Request } from '#s3/operation.ts'
import { checksumHeaders, storedChecksum } from '#s3/request/checksum-headers.ts'
import { writeConditions } from './conditions.ts'
import { accessOfNewObject, writerOf } from './new-object-access.ts'
import { parseAttributes } from './object-attributes.ts'
import { stageUpload } from './stage-upload.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObject: Operation = async (request, services) => {
  const { bucket, key, headers } = request
  const access = accessOfNewObject(headers, { bucket, key }, writerOf(request), services)
  const attributes = parseAttributes(headers, access)
  const conditions = writeConditions(headers)
  authorizeTags(request)
  const { staged, announced } = await stageUpload(request, services)
  const checksum = storedChecksum(announced, staged.digests)
  const version = await services.store.putObject({ bucket, key, staged, attributes, checksum, conditions })
  return {
    headers: {
      etag: `"${version.etag}"`,
      ...checksumHeaders(version.checksum),
      ...writtenVersionHeader(bucket.versioning, version),
    },
  }
}

/** Tags in a header need the permission to tag, and that an object which is not there yet: what it replaces has no say. */
export function authorizeTags(request: S3Request): void {
  if (request.headers['x-amz-tagging'] === undefined) return
  request.authorize('s3:PutObjectTagging', { bucket: request.bucket, key: request.key, object: null })
}

export function versionHeader(versioning: string, version: { readonly versionId: string }): Record<string, string> {
  return versioning === 'Unversioned' ? {} : { 'x-amz-version-id': version.versionId }
}

/** After a write: while versioning is suspended the null version is written, and its id not told. */
export function writtenVersionHeader(
  versioning: string,
  version: { readonly versionId: string },
): Record<string, string> {
  return versioning === 'Enabled' ? { 'x-amz-version-id': version.versionId } : {}
}
