/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */

import { ownerOfObject } from '#model/access/object-ownership.ts'
import { limits } from '#model/limits.ts'
import { showOwner } from '#s3/acl/grantees.ts'
import { formatDate } from '#s3/listing/listing.ts'
import type { Operation } from '#s3/operation.ts'
import { partChecksumElement } from '#s3/request/headers/checksum-headers.ts'
import { readCount, uploadOf } from './part-request.ts'

export const listParts: Operation = async (request, services) => {
  const upload = await uploadOf(request, services)
  const marker = readCount(request, 'part-number-marker', 0, limits.partNumberMax)
  const maxParts = readCount(request, 'max-parts', limits.listPageMax, limits.listPageMax)
  const page = await services.store.listParts(upload, marker, maxParts)
  return {
    body: {
      root: 'ListPartsResult',
      content: {
        Bucket: upload.bucket,
        Key: upload.key,
        UploadId: upload.uploadId,
        Initiator: showOwner(upload.initiatorId, services.accounts),
        Owner: showOwner(ownerOfObject(request.bucket, upload.attributes), services.accounts),
        StorageClass: upload.attributes.storageClass,
        PartNumberMarker: marker,
        NextPartNumberMarker: page.parts.at(-1)?.partNumber ?? 0,
        MaxParts: maxParts,
        IsTruncated: page.next !== undefined,
        ChecksumAlgorithm: upload.checksumAlgorithm,
        ChecksumType: upload.checksumType,
        Part: page.parts.map((part) => ({
          PartNumber: part.partNumber,
          LastModified: formatDate(part.modifiedAtMs),
          ETag: `"${part.etag}"`,
          Size: part.sizeBytes,
          ...partChecksumElement(upload.checksumAlgorithm === undefined ? undefined : part.checksum),
        })),
      },
    },
  }
}
