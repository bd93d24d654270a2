/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
import { awsEncode } from '#lib/text/uri.ts'
import { ownerOfObject } from '#model/access/object-ownership.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { showOwner } from '#s3/acl/grantees.ts'
import { formatDate } from '#s3/listing/listing.ts'
import type { Operation } from '#s3/operation.ts'
import { readCount } from './part-request.ts'

export const listMultipartUploads: Operation = async (request, services) => {
  const { query, bucketName } = request
  const encodingType = query.get('encoding-type')
  if (encodingType !== undefined && encodingType !== 'url') {
    throw new ApiError('InvalidArgument', { message: 'Invalid Encoding Method specified in Request' })
  }
  const show = (text: string) => (encodingType === 'url' ? awsEncode(text, { keepSlash: true }) : text)
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const uploadIdMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '')
  const limit = readCount(request, 'max-uploads', limits.listPageMax, limits.listPageMax)
  const page = await services.store.listUploads({
    bucket: bucketName,
    prefix,
    delimiter,
    limit,
    keyMarker,
    uploadIdMarker,
  })
  return {
    body: {
      root: 'ListMultipartUploadsResult',
      content: {
        Bucket: bucketName,
        KeyMarker: show(keyMarker),
        UploadIdMarker: uploadIdMarker,
        // Sent with every page, also the last.
        NextKeyMarker: show(page.last.key),
        NextUploadIdMarker: page.last.uploadId,
        Prefix: prefix === '' ? undefined : show(prefix),
        Delimiter: delimiter === '' ? undefined : show(delimiter),
        EncodingType: encodingType,
        MaxUploads: limit,
        IsTruncated: page.next !== undefined,
        Upload: page.uploads.map((upload) => ({
          Key: show(upload.key),
          UploadId: upload.uploadId,
          Initiator: showOwner(upload.initiatorId, services.accounts),
          Owner: showOwner(ownerOfObject(request.bucket, upload.attributes), services.accounts),
          StorageClass: upload.attributes.storageClass,
          Initiated: formatDate(upload.initiatedAtMs),
          ChecksumAlgorithm: upload.checksumAlgorithm,
          ChecksumType: upload.checksumType,
        })),
        CommonPrefixes: page.commonPrefixes.map((one) => ({ Prefix: show(one) })),
      },
    },
  }
}
