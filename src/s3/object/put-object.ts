import { ApiError } from '#model/errors.ts'
import { putObject as put } from '#objects/put-object.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { checksumHeaders, hasBodyChecksum } from '#s3/request/checksum-headers.ts'
import { announcedBody } from './announced-body.ts'
import { writeConditions } from './conditions.ts'
import { parseNewObject } from './object-attributes.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObject: Operation = async (request, { store, accounts }) => {
  const object = parseNewObject(request.headers, request, accounts)
  if (object.lock !== undefined) assertChecksumOfLocked(request.headers)
  const conditions = writeConditions(request.headers)
  const version = await put(store, request.actor, { object, body: announcedBody(request), conditions })
  return {
    headers: {
      etag: `"${version.etag}"`,
      ...checksumHeaders(version.checksum),
      ...writtenVersionHeader(request.bucket.versioning, version),
    },
  }
}

function assertChecksumOfLocked(headers: S3Request['headers']): void {
  if (hasBodyChecksum(headers)) return
  throw new ApiError('InvalidRequest', {
    message:
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  })
}

export function versionHeader(versioning: string, version: { readonly versionId: string }): Record<string, string> {
  return versioning === 'Unversioned' ? {} : { 'x-amz-version-id': version.versionId }
}

/** Headers after a write. While versioning is suspended the null version is written, and its id is not sent. */
export function writtenVersionHeader(
  versioning: string,
  version: { readonly versionId: string },
): Record<string, string> {
  return versioning === 'Enabled' ? { 'x-amz-version-id': version.versionId } : {}
}
