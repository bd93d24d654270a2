/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
import { ApiError } from '#model/errors.ts'
import { checksumTypeFor } from '#model/object/multipart/multipart.ts'
import { createUpload } from '#objects/writes/create-upload.ts'
import { parseNewObject } from '#s3/object/headers/object-attributes.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { parseAlgorithm } from '#s3/request/headers/checksum-headers.ts'
import { encryptionOfWrite, writtenEncryptionHeaders } from '#s3/request/headers/encryption-headers.ts'

export const createMultipartUpload: Operation = async (request, services) => {
  const { store, accounts } = services
  const { bucketName, key, headers } = request
  const encryption = encryptionOfWrite(request, services)
  const object = { ...parseNewObject(headers, request, accounts), encryption }
  const checksum = announcedAlgorithm(request)
  const upload = await createUpload(store, request.actor, { object, ...checksum })
  return {
    headers: {
      ...(checksum.checksumAlgorithm !== undefined && {
        'x-amz-checksum-algorithm': checksum.checksumAlgorithm,
        'x-amz-checksum-type': checksum.checksumType,
      }),
      ...writtenEncryptionHeaders(upload.encryption, encryption.customerKey),
    },
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
