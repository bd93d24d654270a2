/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm } from '#model/object.ts'
import type { Upload, UploadedPart } from '#model/upload.ts'
import type { Operation } from '#s3/operation.ts'
import { announcedChecksum, checksumHeaderName, verifyAnnounced } from '#s3/request/checksum-headers.ts'
import { readPartNumber, uploadOf } from './part-request.ts'

export const uploadPart: Operation = async (request, services) => {
  const { store } = services
  const partNumber = readPartNumber(request)
  const upload = await uploadOf(request, services)
  const announced = announcedChecksum(request.headers)
  const { checksumAlgorithm } = upload
  requireAlgorithm(upload, announced?.algorithm)
  const algorithm = checksumAlgorithm ?? announced?.algorithm
  const staged = await store.stagePart(
    upload,
    partNumber,
    request.body.incoming(algorithm === undefined ? [] : [algorithm]),
  )
  try {
    request.body.verify(staged.digests)
    if (announced !== undefined) verifyAnnounced(announced, staged.digests, request.body.trailers())
  } catch (error) {
    await store.discardPart(upload, staged)
    throw error
  }
  const part = await store.putPart(upload, staged, partChecksum(algorithm, staged.digests))
  return { headers: { etag: `"${part.etag}"`, ...partChecksumHeader(part) } }
}

/** A composite checksum is made of what the client said of each part; a full-object one can be computed without. */
function requireAlgorithm({ checksumAlgorithm, checksumType }: Upload, sent: ChecksumAlgorithm | undefined): void {
  if (checksumAlgorithm === undefined || sent === checksumAlgorithm) return
  if (sent === undefined && checksumType === 'FULL_OBJECT') return
  throw new ApiError('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${checksumAlgorithm.toLowerCase()}, actual checksum Type: ${sent?.toLowerCase() ?? 'null'}`,
  })
}

export function partChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  digests: ReadonlyMap<ChecksumAlgorithm, Buffer>,
): UploadedPart['checksum'] {
  const value = algorithm === undefined ? undefined : digests.get(algorithm)
  return algorithm === undefined || value === undefined ? undefined : { algorithm, value: value.toString('base64') }
}

function partChecksumHeader(part: UploadedPart): Record<string, string> {
  const { checksum } = part
  if (checksum === undefined) return { 'x-amz-checksum-crc64nvme': part.crc64nvme }
  return { [checksumHeaderName(checksum.algorithm)]: checksum.value }
}
