/** Annotations of objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html */

import { unquote } from '#http/object/read-conditions.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { type Annotation, assertAnnotationPrefix, isAnnotationName } from '#model/object/annotation.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { deleteAnnotation, putAnnotation, readAnnotation } from '#objects/versions/annotate-object.ts'
import { decodeToken, encodeToken, formatDate, incorrectToken } from '#s3/listing/listing.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { announcedBody } from '#s3/request/announced-body.ts'
import { checksumHeaders } from '#s3/request/headers/checksum-headers.ts'
import { encryptionHeaders } from '#s3/request/headers/encryption-headers.ts'
import { requestedVersion } from '#s3/request/requested-version.ts'
import { readBypass } from './headers/lock-headers.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html */
export async function putObjectAnnotation(request: S3Request, { store }: Services): Promise<S3Response> {
  const { bucket, key, actor } = request
  const judged = await request.version()
  const { version, annotation } = await putAnnotation(store, actor, {
    bucket,
    key,
    versionId: requestedVersion(request),
    name: nameIn(request),
    objectIfMatch: objectIfMatch(request),
    judged,
    body: announcedBody(request),
  })
  return {
    headers: {
      ...objectVersionHeader(request, version),
      etag: `"${annotation.etag}"`,
      ...encryptionHeaders(version.encryption),
      ...checksumHeaders(annotation.checksum),
    },
    body: { root: 'PutObjectAnnotationResult', content: { Key: key, AnnotationName: annotation.name } },
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAnnotation.html */
export async function getObjectAnnotation(request: S3Request, { store }: Services): Promise<S3Response> {
  const name = nameIn(request)
  const { bucket, key, actor } = request
  const version = await request.version()
  const found = await readAnnotation(store, actor, { bucket, key, version, name })
  if (found === undefined) {
    throw new ApiError('NoSuchAnnotation', { fields: { Key: key, AnnotationName: name } })
  }
  const { annotation, bytes } = found
  const showsChecksum = String(request.headers['x-amz-checksum-mode']).toUpperCase() === 'ENABLED'
  return {
    headers: {
      'content-type': 'application/octet-stream',
      ...objectVersionHeader(request, version),
      etag: `"${annotation.etag}"`,
      ...encryptionHeaders(version.encryption),
      'last-modified': new Date(annotation.modifiedAtMs).toUTCString(),
      ...(showsChecksum && checksumHeaders(annotation.checksum)),
      'content-length': String(bytes.length),
    },
    body: bytes,
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectAnnotations.html */
export async function listObjectAnnotations(request: S3Request, { store }: Services): Promise<S3Response> {
  const { query, bucketName, key } = request
  const prefix = query.get('annotation-prefix') ?? ''
  assertAnnotationPrefix(prefix)
  const limit = maxResults(query.get('max-annotation-results'))
  const token = query.get('continuation-token')
  const after = token === undefined ? '' : nameInToken(token)
  const version = await request.version()
  const page = await store.listAnnotations(version, { prefix, after, limit })
  return {
    headers: objectVersionHeader(request, version),
    body: {
      root: 'ListObjectAnnotationsResult',
      content: {
        Annotations: { AnnotationEntry: page.annotations.map(entryOf) },
        Bucket: bucketName,
        Key: key,
        AnnotationPrefix: query.has('annotation-prefix') ? prefix : undefined,
        MaxAnnotationResults: limit,
        AnnotationCount: page.annotations.length,
        ContinuationToken: token,
        NextContinuationToken: page.next && encodeToken(page.next),
      },
    },
  }
}

function nameInToken(token: string): string {
  const name = decodeToken(token)
  if (isAnnotationName(name)) return name
  throw incorrectToken(token)
}

const entryOf = ({ name, modifiedAtMs, etag, checksum, sizeBytes }: Annotation) => ({
  AnnotationName: name,
  LastModified: formatDate(modifiedAtMs),
  ETag: `"${etag}"`,
  ChecksumAlgorithm: checksum.algorithm,
  Size: sizeBytes,
})

function maxResults(text: string | undefined): number {
  if (text === undefined) return limits.annotationsMax
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= limits.annotationsMax) return number
  throw new ApiError('InvalidArgument', {
    message: `max-annotation-results must be a number from 1 to ${limits.annotationsMax}`,
    fields: { ArgumentName: 'max-annotation-results', ArgumentValue: text },
  })
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectAnnotation.html */
export async function deleteObjectAnnotation(request: S3Request, { store }: Services): Promise<S3Response> {
  const { bucket, key, actor } = request
  const asksToPass = readBypass(request, bucket)
  const judged = await request.version()
  const version = await deleteAnnotation(store, actor, {
    bucket,
    key,
    versionId: requestedVersion(request),
    name: nameIn(request),
    objectIfMatch: objectIfMatch(request),
    judged,
    asksToPass,
  })
  return { status: 204, headers: objectVersionHeader(request, version) }
}

const nameIn = ({ query }: S3Request): string => query.get('annotationName') ?? ''

function objectIfMatch({ headers }: S3Request): string | undefined {
  const header = headers['x-amz-object-if-match']
  return header === undefined ? undefined : unquote(String(header))
}

function objectVersionHeader({ bucket }: S3Request, { versionId }: ObjectVersion): Record<string, string> {
  return bucket.versioning === 'Unversioned' ? {} : { 'x-amz-object-version-id': versionId }
}
