/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
import { ApiError } from '#model/errors.ts'
import { copyPart } from '#objects/writes/put-part.ts'
import { formatDate } from '#s3/listing/listing.ts'
import { sourceVersionHeader } from '#s3/object/copy-object.ts'
import { readCopySource } from '#s3/object/headers/copy-source.ts'
import type { Operation } from '#s3/operation.ts'
import { partChecksumElement } from '#s3/request/headers/checksum-headers.ts'
import { encryptionHeaders, givenKey } from '#s3/request/headers/encryption-headers.ts'
import { chargedHeader } from '#s3/request/headers/request-payer.ts'
import { readPartNumber, uploadOf } from './part-request.ts'

export const uploadPartCopy: Operation = async (request, services) => {
  const partNumber = readPartNumber(request)
  const upload = await uploadOf(request, services)
  const source = await readCopySource(request, services)
  const rangeOf = (sizeBytes: number) => parseCopyRange(request.headers['x-amz-copy-source-range'], sizeBytes)
  const customerKey = givenKey(request, services)
  const place = { bucket: request.bucket, upload, partNumber, customerKey }
  const { part, version } = await copyPart(services.store, request.actor, { ...place, source, rangeOf })
  return {
    headers: {
      ...chargedHeader(source.bucket, request.caller.principal, request.headers),
      ...sourceVersionHeader(source, version),
      ...encryptionHeaders(upload.encryption, customerKey),
    },
    body: {
      root: 'CopyPartResult',
      content: {
        LastModified: formatDate(part.modifiedAtMs),
        ETag: `"${part.etag}"`,
        ...partChecksumElement(part.checksum),
      },
    },
  }
}

/** Exactly `bytes=first-last`, within the source. */
function parseCopyRange(header: string | string[] | undefined, sizeBytes: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: sizeBytes }
  const match = /^bytes=(\d+)-(\d+)$/.exec(String(header))
  const fields = { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: String(header) }
  if (match === null || Number(match[1]) > Number(match[2])) {
    throw new ApiError('InvalidArgument', {
      message:
        'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      fields,
    })
  }
  const [start, last] = [Number(match[1]), Number(match[2])]
  if (last < sizeBytes) return { start, end: last + 1 }
  if (start < sizeBytes) {
    throw new ApiError('InvalidArgument', {
      message: `Range specified is not valid for source object of size: ${sizeBytes}`,
      fields,
    })
  }
  throw new ApiError('InvalidRequest', {
    message: 'The specified copy range is invalid for the source object size',
  })
}
