/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
import { ApiError } from '#model/errors.ts'
import { checksumTypeFor } from '#model/multipart.ts'
import { accessOfNewObject, writerOf } from '#s3/object/new-object-access.ts'
import { parseAttributes } from '#s3/object/object-attributes.ts'
import { authorizeTags } from '#s3/object/put-object.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { parseAlgorithm } from '#s3/request/checksum-headers.ts'

export const createMultipartUpload: Operation = async (request, services) => {
  const { bucketName, bucket, key, headers } = request
  const { principal } = request.caller
  const attributes = parseAttributes(headers, accessOfNewObject(headers, { bucket, key }, writerOf(request), services))
  authorizeTags(request)
  const checksum = announcedAlgorithm(request)
  const upload = await services.store.createUpload({
    bucket: bucketName,
    key,
    attributes,
    initiatorId: principal.canonicalId,
    ...checksum,
  })
  return {
    headers:
      checksum.checksumAlgorithm === undefined
        ? {}
        : { 'x-amz-checksum-algorithm': checksum.checksumAlgorithm, 'x-amz-checksum-type': checksum.checksumType },
    body: {
      root: 'InitiateMultipartUploadResult',
      content: { Bucket: bucketName, Key: key, UploadId: upload.uploadId },
    },
  }
}

function announcedAlgorithm({ headers }: S3Request) {
  const algorithm = headers['x-amz-checksum-algorithm']
  const type = headers['x-amz-checksum-type']
  if (algorithm === undefined) {
    if (type === undefined) return {}
    throw new ApiError('InvalidRequest', {
      message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    })
  }
  const checksumAlgorithm = parseAlgorithm(String(algorithm), 'x-amz-checksum-algorithm')
  return {
    checksumAlgorithm,
    checksumType: checksumTypeFor(checksumAlgorithm, type === undefined ? undefined : String(type).toUpperCase()),
  }
}
