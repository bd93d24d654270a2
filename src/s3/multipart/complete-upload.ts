/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */

import { awsEncode } from '#lib/text/uri.ts'
import { elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Whole } from '#model/object/multipart/multipart.ts'
import type { RequestedPart } from '#model/object/multipart/upload.ts'
import { checksumAlgorithms } from '#model/object/object.ts'
import type { CustomerKey } from '#objects/encryption/customer-key.ts'
import { openUploadKeys } from '#objects/encryption/open-keys.ts'
import { writeConditions } from '#s3/object/headers/conditions.ts'
import { writtenVersionHeader } from '#s3/object/put-object.ts'
import type { Operation, S3Request, Services } from '#s3/operation.ts'
import { readXml } from '#s3/request/documents/read-xml.ts'
import { checksumElements, isDigest, wholeChecksum } from '#s3/request/headers/checksum-headers.ts'
import { encryptionHeaders, givenKey } from '#s3/request/headers/encryption-headers.ts'
import { uploadOf } from './part-request.ts'

export const completeMultipartUpload: Operation = async (request, services) => {
  const { bucket, key, headers, bucketUrl } = request
  const conditions = writeConditions(headers)
  const document = await request.body.document('object')
  const parts = await partsOf(document, request, services)
  const customerKey = givenKey(request, services)
  await checkKey(request, services, customerKey)
  const version = await services.store.completeUpload({
    bucket,
    key,
    uploadId: request.query.get('uploadId') ?? '',
    parts,
    conditions,
    origin: request.actor,
    ...readWhole(request),
  })
  return {
    headers: {
      ...writtenVersionHeader(bucket.versioning, version),
      ...encryptionHeaders(version.encryption, customerKey),
    },
    body: {
      root: 'CompleteMultipartUploadResult',
      content: {
        Location: `${bucketUrl}/${awsEncode(key, { keepSlash: true })}`,
        Bucket: bucket.name,
        Key: key,
        ETag: `"${version.etag}"`,
        ...checksumElements(version.checksum),
      },
    },
  }
}

/**
 * A customer key is needed only if the upload was created with a checksum algorithm, but a wrong one is refused. An
 * upload that is already completed has no key to compare with.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
async function checkKey(request: S3Request, services: Services, customerKey: CustomerKey | undefined): Promise<void> {
  const upload = await uploadOf(request, services).catch(() => undefined)
  const isNeeded = upload?.encryption?.method === 'SSE-C' && upload.checksumAlgorithm !== undefined
  if (upload === undefined || (customerKey === undefined && !isNeeded)) return
  await openUploadKeys(request.actor, request, upload, customerKey)
}

/** MalformedXML. As in S3, NoSuchUpload is checked first. */
async function partsOf(document: Buffer, request: S3Request, services: Services): Promise<RequestedPart[]> {
  try {
    return readXml(document, 'CompleteMultipartUpload', parseParts, ['Part'], limits.xmlMarkupOfParts)
  } catch (error) {
    await uploadOf(request, services)
    throw error
  }
}

function parseParts(content: XmlElements): RequestedPart[] {
  const parts = elementsAt(content, 'Part').map((part) => {
    const partNumber = textAt(part, 'PartNumber') ?? ''
    const etag = textAt(part, 'ETag')
    if (!/^-?\d{1,10}$/.test(partNumber) || etag === undefined) throw new Error('a Part needs a PartNumber and an ETag')
    if (Number(partNumber) < 1) {
      throw new ApiError('InvalidArgument', {
        message: 'PartNumber must be >= 1',
        fields: { ArgumentName: 'PartNumber', ArgumentValue: partNumber },
      })
    }
    const checksums = parseChecksums(part)
    return { partNumber: Number(partNumber), etag: etag.trim().replace(/^"(.*)"$/, '$1'), checksums }
  })
  if (parts.length === 0 || parts.length > limits.partNumberMax) throw new Error('1 to 10,000 parts')
  return parts
}

function parseChecksums(part: XmlElements): RequestedPart['checksums'] {
  const found = checksumAlgorithms.flatMap((algorithm) => {
    const value = textAt(part, `Checksum${algorithm}`)
    return value === undefined || value === '' ? [] : [{ algorithm, value }]
  })
  if (found.length > 1 || found.some(({ algorithm, value }) => !isDigest(algorithm, value))) {
    throw new ApiError('InvalidArgument', {
      message: 'Invalid Base64 or multiple checksums present in request',
      fields: {
        ArgumentName: 'Checksum',
        ArgumentValue: found.map(({ algorithm, value }) => `${algorithm}:${value};`).join(''),
      },
    })
  }
  return Object.fromEntries(found.map(({ algorithm, value }) => [algorithm, value]))
}

function readWhole({ headers }: S3Request): Whole {
  const checksum = wholeChecksum(headers)
  const type =
    headers['x-amz-checksum-type'] === undefined ? undefined : String(headers['x-amz-checksum-type']).toUpperCase()
  if (type !== undefined && type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw new ApiError('InvalidRequest', { message: 'Value for x-amz-checksum-type header is invalid.' })
  }
  const size = headers['x-amz-mp-object-size']
  if (size !== undefined && !/^\d{1,16}$/.test(String(size))) throw new ApiError('InvalidArgument')
  return {
    ...(checksum === undefined ? {} : { checksum }),
    ...(type === undefined ? {} : { checksumType: type }),
    ...(size === undefined ? {} : { objectSizeBytes: Number(size) }),
  }
}
