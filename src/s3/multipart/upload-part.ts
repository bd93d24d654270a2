/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
import type { UploadedPart } from '#model/object/multipart/upload.ts'
import { putPart } from '#objects/writes/put-part.ts'
import type { Operation } from '#s3/operation.ts'
import { announcedBody } from '#s3/request/announced-body.ts'
import { checksumHeaderName } from '#s3/request/headers/checksum-headers.ts'
import { encryptionHeaders, givenKey } from '#s3/request/headers/encryption-headers.ts'
import { readPartNumber, uploadOf } from './part-request.ts'

export const uploadPart: Operation = async (request, services) => {
  const partNumber = readPartNumber(request)
  const { bucket } = request
  const upload = await uploadOf(request, services)
  const customerKey = givenKey(request, services)
  const body = announcedBody(request)
  const part = await putPart(services.store, request.actor, { bucket, upload, partNumber, body, customerKey })
  return {
    headers: {
      etag: `"${part.etag}"`,
      ...partChecksumHeader(part),
      ...encryptionHeaders(upload.encryption, customerKey),
    },
  }
}

function partChecksumHeader({ checksum, crc64nvme }: UploadedPart): Record<string, string> {
  if (checksum === undefined) return { 'x-amz-checksum-crc64nvme': crc64nvme }
  return { [checksumHeaderName(checksum.algorithm)]: checksum.value }
}
