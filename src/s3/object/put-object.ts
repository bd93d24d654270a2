import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { CustomerKey } from '#objects/encryption/customer-key.ts'
import { appendObject } from '#objects/writes/append-object.ts'
import { putObject as put } from '#objects/writes/put-object.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { announcedBody } from '#s3/request/announced-body.ts'
import { checksumHeaders, hasBodyChecksum } from '#s3/request/headers/checksum-headers.ts'
import { encryptionOfWrite, writtenEncryptionHeaders } from '#s3/request/headers/encryption-headers.ts'
import { writeConditions } from './headers/conditions.ts'
import { parseNewObject } from './headers/object-attributes.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObject: Operation = async (request, services) => {
  const { store, accounts } = services
  const encryption = encryptionOfWrite(request, services)
  const object = { ...parseNewObject(request.headers, request, accounts), encryption }
  if (object.lock !== undefined) assertChecksumOfLocked(request.headers)
  const conditions = writeConditions(request.headers)
  const asked = { object, body: announcedBody(request), conditions }
  const offset = request.headers['x-amz-write-offset-bytes']
  if (offset === undefined) {
    return { headers: writtenHeaders(request, await put(store, request.actor, asked), encryption.customerKey) }
  }
  const version = await appendObject(store, request.actor, { ...asked, offsetBytes: parseOffset(String(offset)) })
  const headers = writtenHeaders(request, version, encryption.customerKey)
  return { headers: { ...headers, 'x-amz-object-size': String(version.sizeBytes) } }
}

function writtenHeaders(
  { bucket }: S3Request,
  version: ObjectVersion,
  customerKey: CustomerKey | undefined,
): Record<string, string> {
  return {
    etag: `"${version.etag}"`,
    ...checksumHeaders(version.checksum),
    ...writtenEncryptionHeaders(version.encryption, customerKey),
    ...writtenVersionHeader(bucket.versioning, version),
  }
}

function parseOffset(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new ApiError('InvalidArgument', {
    message: 'The write offset must be a number of bytes.',
    fields: { ArgumentName: 'x-amz-write-offset-bytes', ArgumentValue: text },
  })
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
