/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { copyObject as copy } from '#objects/copies/copy-object.ts'
import type { CopySource } from '#objects/copies/open-source.ts'
import { formatDate } from '#s3/listing/listing.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { checksumElements, parseAlgorithm } from '#s3/request/headers/checksum-headers.ts'
import { encryptionOfWrite, writtenEncryptionHeaders } from '#s3/request/headers/encryption-headers.ts'
import { chargedHeader } from '#s3/request/headers/request-payer.ts'
import { writeConditions } from './headers/conditions.ts'
import { readCopySource } from './headers/copy-source.ts'
import { parseNewObject } from './headers/object-attributes.ts'
import { versionHeader } from './put-object.ts'

const copyBytesMax = 5 * 1024 ** 3

export const copyObject: Operation = async (request, services) => {
  const { headers, bucket } = request
  const encryption = encryptionOfWrite(request, services)
  const object = { ...parseNewObject(headers, request, services.accounts), encryption }
  const conditions = writeConditions(headers)
  const replacesTags = parseDirective(headers['x-amz-tagging-directive'], 'tagging')
  const replacesMetadata = parseDirective(headers['x-amz-metadata-directive'], 'metadata')
  const algorithm = headers['x-amz-checksum-algorithm']
  const source = await readCopySource(request, services)
  const done = await copy(services.store, request.actor, {
    source,
    object,
    fromSource: {
      metadata: !replacesMetadata,
      tags: !replacesTags,
      storage: false,
      annotations: copiesAnnotations(request),
    },
    checksumAlgorithm:
      algorithm === undefined ? undefined : parseAlgorithm(String(algorithm), 'x-amz-checksum-algorithm'),
    conditions,
    sizeBytesMax: copyBytesMax,
    isWriteAuthorized: true,
  })
  return {
    headers: {
      ...chargedHeader(source.bucket, request.caller.principal, headers),
      ...sourceVersionHeader(source, done.source),
      ...versionHeader(bucket.versioning, done.copy),
      ...writtenEncryptionHeaders(done.copy.encryption, encryption.customerKey),
    },
    body: {
      root: 'CopyObjectResult',
      content: {
        LastModified: formatDate(done.copy.modifiedAtMs),
        ETag: `"${done.copy.etag}"`,
        ...checksumElements(done.copy.checksum),
      },
    },
  }
}

export function sourceVersionHeader({ bucket }: CopySource, { versionId }: ObjectVersion): Record<string, string> {
  return bucket.versioning === 'Unversioned' ? {} : { 'x-amz-copy-source-version-id': versionId }
}

/** The user guide and the service model have different names for it, and it may be in the query. */
const annotationDirectives = ['x-amz-object-annotation-directive', 'x-amz-annotation-directive'] as const

function copiesAnnotations({ headers, query }: S3Request): boolean {
  for (const name of annotationDirectives) {
    const directive = headers[name]?.toString() ?? query.get(name)
    if (directive === undefined || directive === 'COPY') continue
    if (directive === 'EXCLUDE') return false
    throw new ApiError('InvalidArgument', {
      message: 'Unknown annotation directive.',
      fields: { ArgumentName: name, ArgumentValue: directive },
    })
  }
  return true
}

function parseDirective(header: string | string[] | undefined, of: 'metadata' | 'tagging'): boolean {
  if (header === undefined || header === 'COPY') return false
  if (header === 'REPLACE') return true
  throw new ApiError('InvalidArgument', { message: `Unknown ${of} directive.` })
}
