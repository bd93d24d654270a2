/**
 * The rules for completing a multipart upload.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
import { type CombinableCrc, combineCrc } from '#lib/digest/combine.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Checksum, ChecksumAlgorithm, ChecksumType } from '#model/object/object.ts'
import type { RequestedPart, Upload, UploadedPart } from './upload.ts'

/** The values that the client states for the whole object. */
export interface Whole {
  /** With or without the suffix `-<parts>` of a composite checksum. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
  readonly checksumType?: ChecksumType
  readonly objectSizeBytes?: number
}

export interface Completion {
  readonly parts: readonly UploadedPart[]
  readonly sizeBytes: number
  readonly etag: string
  readonly checksum: Checksum
  /** Base64, of the whole object, whatever checksum the client requested. */
  readonly crc64nvme: string
}

const combinable = ['CRC32', 'CRC32C', 'CRC64NVME'] as const

/** Whether the checksum of the whole can be computed from those of its parts. */
export const isCombinable = (algorithm: ChecksumAlgorithm): algorithm is CombinableCrc =>
  (combinable as readonly string[]).includes(algorithm)

/** The checksum type of an upload: the requested one if the algorithm allows it, otherwise the algorithm's default. */
export function checksumTypeFor(algorithm: ChecksumAlgorithm, requested: string | undefined): ChecksumType {
  if (requested === undefined) return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
  if (requested !== 'FULL_OBJECT' && requested !== 'COMPOSITE') {
    throw new ApiError('InvalidRequest', { message: 'Value for x-amz-checksum-type header is invalid.' })
  }
  const isAllowed = requested === 'FULL_OBJECT' ? isCombinable(algorithm) : algorithm !== 'CRC64NVME'
  if (isAllowed) return requested
  throw new ApiError('InvalidRequest', {
    message: `The ${requested} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  })
}

export function planCompletion(
  upload: Upload,
  stored: ReadonlyMap<number, UploadedPart>,
  requested: readonly RequestedPart[],
  whole: Whole,
): Completion {
  if (requested.length === 0) throw new ApiError('MalformedXML')
  requireSameType(upload, whole)
  const ordered = inOrder(requested)
  const parts = ordered.map((part) => findPart(upload, stored, part))
  checkSizes(parts)
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (sizeBytes > limits.objectSizeMax) throw new ApiError('EntityTooLarge')
  if (whole.objectSizeBytes !== undefined && whole.objectSizeBytes !== sizeBytes) {
    throw new ApiError('InvalidRequest', {
      message: `The provided 'x-amz-mp-object-size' header does not match what was computed.`,
    })
  }
  const etag = etagOfParts(parts.map((part) => Buffer.from(part.etag, 'hex')))
  const checksum = wholeChecksum(upload, parts, whole)
  for (const part of ordered) requirePartChecksum(upload, part)
  const isCrc64nvme = checksum.algorithm === 'CRC64NVME' && checksum.type === 'FULL_OBJECT'
  const crc64nvme = isCrc64nvme ? checksum.value : combined('CRC64NVME', parts)
  return { parts, sizeBytes, etag, checksum, crc64nvme }
}

/** The ETag: MD5 of the parts' MD5s. */
export function etagOfParts(md5s: readonly Buffer[]): string {
  return `${digestOnce(['MD5'], Buffer.concat(md5s)).get('MD5')?.toString('hex')}-${md5s.length}`
}

/**
 * InvalidPartOrder unless ascending. If a part was uploaded more than once, a client may list each of its ETags: the
 * last one counts.
 */
function inOrder(requested: readonly RequestedPart[]): readonly RequestedPart[] {
  const parts: RequestedPart[] = []
  for (const part of requested) {
    const before = parts.at(-1)
    const isResent = before?.partNumber === part.partNumber && before.etag !== part.etag
    if (isResent) parts.pop()
    else if (before !== undefined && before.partNumber >= part.partNumber) throw new ApiError('InvalidPartOrder')
    parts.push(part)
  }
  return parts
}

function findPart(upload: Upload, stored: ReadonlyMap<number, UploadedPart>, requested: RequestedPart): UploadedPart {
  const part = stored.get(requested.partNumber)
  const invalid = () =>
    new ApiError('InvalidPart', {
      fields: { UploadId: upload.uploadId, PartNumber: requested.partNumber, ETag: requested.etag },
    })
  if (part === undefined || part.etag !== requested.etag) throw invalid()
  if (!hasChecksums(upload, part, requested)) throw invalid()
  return part
}

/** Whether the checksums given for a part are correct. Other mistakes have AWS's messages. */
function hasChecksums({ checksumAlgorithm }: Upload, part: UploadedPart, requested: RequestedPart): boolean {
  const own = part.checksum
  for (const [algorithm, value] of Object.entries(requested.checksums)) {
    const actual = own?.algorithm === algorithm ? own.value : algorithm === 'CRC64NVME' ? part.crc64nvme : undefined
    if (checksumAlgorithm !== undefined && checksumAlgorithm !== algorithm && actual !== value) {
      throw new ApiError('BadDigest', {
        message: `The ${algorithm.toLowerCase()} you specified for part ${part.partNumber} did not match what we received.`,
      })
    }
    if (actual !== value) return false
  }
  return true
}

function requirePartChecksum(
  { checksumAlgorithm, checksumType }: Upload,
  { partNumber, checksums }: RequestedPart,
): void {
  if (checksumType !== 'COMPOSITE' || checksumAlgorithm === undefined) return
  if (checksums[checksumAlgorithm] !== undefined) return
  throw new ApiError('InvalidRequest', {
    message: `The upload was created using a ${checksumAlgorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
  })
}

function checkSizes(parts: readonly UploadedPart[]): void {
  for (const part of parts.slice(0, -1)) {
    if (part.sizeBytes >= limits.partSizeMin) continue
    throw new ApiError('EntityTooSmall', {
      fields: {
        ProposedSize: part.sizeBytes,
        MinSizeAllowed: limits.partSizeMin,
        PartNumber: part.partNumber,
        ETag: part.etag,
      },
    })
  }
}

/** An upload without a declared type matches any. */
function requireSameType({ checksumType }: Upload, whole: Whole): void {
  if (whole.checksumType === undefined || whole.checksumType === checksumType) return
  throw new ApiError('InvalidRequest', {
    message: `The upload was created using the ${checksumType ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
  })
}

/**
 * An upload without a declared algorithm has a full-object CRC64NVME. A checksum of another algorithm is then ignored,
 * as in S3.
 */
function wholeChecksum(upload: Upload, parts: readonly UploadedPart[], { checksum: stated }: Whole): Checksum {
  const algorithm = upload.checksumAlgorithm ?? 'CRC64NVME'
  const type = upload.checksumType ?? 'FULL_OBJECT'
  const value = type === 'FULL_OBJECT' ? combined(algorithm, parts) : composite(algorithm, parts)
  const isChecked = stated !== undefined && (stated.algorithm === algorithm || upload.checksumAlgorithm !== undefined)
  if (isChecked && !(stated.algorithm === algorithm && isSameValue(stated.value, value))) {
    throw new ApiError('BadDigest', {
      message: `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    })
  }
  return { algorithm, type, value }
}

/** Some clients leave out the number of parts: minio-go before 7.0.93. */
const isSameValue = (stated: string, value: string): boolean => stated === value || stated === withoutCount(value)

/** The digest of a composite checksum. Base64 has no hyphen. */
export const withoutCount = (value: string): string => value.replace(/-\d+$/, '')

function combined(algorithm: ChecksumAlgorithm, parts: readonly UploadedPart[]): string {
  if (!isCombinable(algorithm)) throw new ApiError('InvalidRequest')
  const crcOf = (part: UploadedPart) =>
    Buffer.from(algorithm === 'CRC64NVME' ? part.crc64nvme : (part.checksum?.value ?? ''), 'base64')
  const [first, ...rest] = parts
  if (first === undefined) throw new ApiError('MalformedXML')
  let sum: Buffer = crcOf(first)
  for (const part of rest) sum = combineCrc(algorithm, sum, crcOf(part), part.sizeBytes)
  return sum.toString('base64')
}

function composite(algorithm: ChecksumAlgorithm, parts: readonly UploadedPart[]): string {
  const digests = Buffer.concat(parts.map((part) => Buffer.from(part.checksum?.value ?? '', 'base64')))
  return `${digestOnce([algorithm], digests).get(algorithm)?.toString('base64')}-${parts.length}`
}
