/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
import { authorizeCarriedTags } from '#access/decide/tag-access.ts'
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm, ObjectAttributes, ObjectVersion } from '#model/object.ts'
import type { Tags } from '#model/tags.ts'
import { formatDate } from '#s3/listing/listing.ts'
import type { Operation, S3Request, Services } from '#s3/operation.ts'
import { checksumElements, parseAlgorithm } from '#s3/request/checksum-headers.ts'
import { writeConditions } from './conditions.ts'
import { type CopySource, factsOfVersion, openCopySource } from './copy-source.ts'
import { accessOfNewObject, writerOf } from './new-object-access.ts'
import { parseAttributes, parseStorageClass } from './object-attributes.ts'
import { authorizeTags, versionHeader } from './put-object.ts'

const copyBytesMax = 5 * 1024 ** 3

export const copyObject: Operation = async (request, services) => {
  const { bucket, key, headers } = request
  // An ACL is never copied: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
  const access = accessOfNewObject(headers, { bucket, key }, writerOf(request), services)
  const requested = parseAttributes(headers, access)
  const conditions = writeConditions(headers)
  const replacesTags = parseDirective(headers['x-amz-tagging-directive'], 'tagging')
  if (replacesTags) authorizeTags(request)
  const source = await openCopySource(request, services)
  const { version } = source.opened
  let attributes: ObjectAttributes
  let algorithm: ChecksumAlgorithm
  try {
    const tags = replacesTags ? requested.tags : copiedTags(request, services, source)
    attributes = copiedAttributes(request, requested, source, tags)
    if (version.sizeBytes > copyBytesMax) {
      throw new ApiError('InvalidRequest', {
        message: `The specified copy source is larger than the maximum allowable size for a copy source: ${copyBytesMax}`,
      })
    }
    const asked = headers['x-amz-checksum-algorithm']
    algorithm =
      asked === undefined
        ? (version.checksum?.algorithm ?? 'CRC64NVME')
        : parseAlgorithm(String(asked), 'x-amz-checksum-algorithm')
  } catch (error) {
    source.opened.close()
    throw error
  }
  const staged = await services.store.stageCopy(source.opened, { start: 0, end: version.sizeBytes }, [algorithm])
  const checksum = {
    algorithm,
    type: 'FULL_OBJECT',
    value: staged.digests.get(algorithm)?.toString('base64') ?? '',
  } as const
  const copy = await services.store.putObject({ bucket, key, staged, attributes, checksum, conditions })
  return {
    headers: { ...sourceVersionHeader(source, version), ...versionHeader(bucket.versioning, copy) },
    body: {
      root: 'CopyObjectResult',
      content: {
        LastModified: formatDate(copy.modifiedAtMs),
        ETag: `"${copy.etag}"`,
        ...checksumElements(copy.checksum),
      },
    },
  }
}

export function sourceVersionHeader(source: CopySource, version: ObjectVersion): Record<string, string> {
  if (source.bucket.versioning === 'Unversioned') return {}
  return { 'x-amz-copy-source-version-id': version.versionId }
}

/** The source's tags: to carry them over takes the right to read them there, and to set them here. */
function copiedTags(request: S3Request, { gatekeeper }: Services, source: CopySource): Tags | undefined {
  const { version } = source.opened
  const from = { ...source, version, facts: factsOfVersion(request, source.versionId) }
  authorizeCarriedTags(gatekeeper, request.caller.principal, from, request)
  return version.tags
}

/** Metadata of the copy: the source's, or that of the request, as the directive says. */
function copiedAttributes(
  request: S3Request,
  requested: ObjectAttributes,
  source: CopySource,
  tags: Tags | undefined,
): ObjectAttributes {
  const { headers } = request
  const replacesMetadata = parseDirective(headers['x-amz-metadata-directive'], 'metadata')
  const { version } = source.opened
  const isSelf =
    source.bucket.name === request.bucketName && source.key === request.key && source.versionId === undefined
  const changes =
    replacesMetadata ||
    headers['x-amz-storage-class'] !== undefined ||
    headers['x-amz-website-redirect-location'] !== undefined ||
    headers['x-amz-checksum-algorithm'] !== undefined
  if (isSelf && !changes) {
    throw new ApiError('InvalidRequest', {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    })
  }
  const from = replacesMetadata ? requested : version
  const { websiteRedirectLocation } = requested
  return {
    headers: from.headers,
    userMetadata: from.userMetadata,
    storageClass: parseStorageClass(headers['x-amz-storage-class']),
    ownerId: requested.ownerId,
    ...(requested.acl === undefined ? {} : { acl: requested.acl }),
    ...(websiteRedirectLocation === undefined ? {} : { websiteRedirectLocation }),
    ...(tags === undefined ? {} : { tags }),
  }
}

function parseDirective(header: string | string[] | undefined, of: 'metadata' | 'tagging'): boolean {
  if (header === undefined || header === 'COPY') return false
  if (header === 'REPLACE') return true
  throw new ApiError('InvalidArgument', { message: `Unknown ${of} directive.` })
}
