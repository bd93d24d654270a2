/**
 * Appending to an object: when it is allowed, and the resulting object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html
 */
import { randomBytes } from 'node:crypto'
import { type CombinableCrc, combineCrc } from '#lib/digest/combine.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { hasDigestAsEtag } from './encryption.ts'
import { isCombinable } from './multipart/multipart.ts'
import type { Checksum, ChecksumAlgorithm, ObjectPart, ObjectVersion } from './object.ts'
import { assertActive } from './storage-class.ts'

/** InvalidWriteOffset unless the client knows the size of the object. */
export function assertWriteOffset(offsetBytes: number, sizeBytes: number): void {
  if (offsetBytes === sizeBytes) return
  throw new ApiError('InvalidWriteOffset', { fields: { WriteOffset: offsetBytes, ObjectSize: sizeBytes } })
}

/**
 * The algorithm of the object's checksum. TooManyParts; InvalidRequest for another algorithm, and for a checksum that
 * cannot be continued without reading the object; InvalidObjectState.
 */
export function assertAppendable(version: ObjectVersion, announced: ChecksumAlgorithm | undefined): CombinableCrc {
  assertActive(version, 'read')
  if (Math.max(version.partCount, 1) >= limits.partNumberMax) throw new ApiError('TooManyParts')
  const { checksum } = version
  if (checksum?.type !== 'FULL_OBJECT' || !isCombinable(checksum.algorithm)) {
    throw new ApiError('InvalidRequest', {
      message:
        'You can append only to an object with a full-object checksum of CRC32, CRC32C or CRC64NVME. Copy the object onto itself with one of these.',
    })
  }
  const { algorithm } = checksum
  if (announced !== undefined && announced !== algorithm) {
    throw new ApiError('InvalidRequest', {
      message: `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${announced.toLowerCase()}`,
    })
  }
  return algorithm
}

export interface AppendedBytes {
  readonly sizeBytes: number
  readonly digests: ReadonlyMap<ChecksumAlgorithm, Buffer>
  /** For encrypted segments. */
  readonly salt?: string
}

/**
 * Each append is a part, and the original object is the first one. As for multipart objects, the ETag is not an MD5 of
 * the bytes: after the first append it is the MD5 of both MD5s, later of the previous ETag and the new MD5.
 */
export function appendedObject(
  before: ObjectVersion,
  crc64nvmeBefore: string,
  { sizeBytes, digests }: AppendedBytes,
): { readonly etag: string; readonly partCount: number; readonly checksum: Checksum; readonly crc64nvme: string } {
  const algorithm = assertAppendable(before, undefined)
  if (before.sizeBytes === 0) return writtenAtOnce(before, algorithm, digests)
  const combine = (name: CombinableCrc, value: string) =>
    combineCrc(name, Buffer.from(value, 'base64'), digestIn(digests, name), sizeBytes).toString('base64')
  const partCount = Math.max(before.partCount, 1) + 1
  const [md5Before = ''] = before.etag.split('-')
  const md5s = Buffer.concat([Buffer.from(md5Before, 'hex'), digestIn(digests, 'MD5')])
  return {
    etag: `${etagDigest(before, digestOnce(['MD5'], md5s).get('MD5'))}-${partCount}`,
    partCount,
    checksum: { algorithm, type: 'FULL_OBJECT', value: combine(algorithm, before.checksum?.value ?? '') },
    crc64nvme: combine('CRC64NVME', crc64nvmeBefore),
  }
}

/** The ETag of objects encrypted by a key of KMS or of the customer is random. */
const etagDigest = ({ encryption }: ObjectVersion, digest: Buffer | undefined): string =>
  (hasDigestAsEtag(encryption) ? digest : randomBytes(16))?.toString('hex') ?? ''

function writtenAtOnce(before: ObjectVersion, algorithm: CombinableCrc, digests: AppendedBytes['digests']) {
  const [value, crc64nvme] = [algorithm, 'CRC64NVME' as const].map((name) => digestIn(digests, name).toString('base64'))
  return {
    etag: etagDigest(before, digestIn(digests, 'MD5')),
    partCount: 0,
    checksum: { algorithm, type: 'FULL_OBJECT', value: value ?? '' } as const,
    crc64nvme: crc64nvme ?? '',
  }
}

/**
 * Empty for an object that was written at once. `parts` are the earlier ones; an object that was written at once has
 * none.
 */
export function appendedParts(
  before: ObjectVersion,
  parts: readonly ObjectPart[],
  { sizeBytes, digests, salt }: AppendedBytes,
): ObjectPart[] {
  if (before.sizeBytes === 0) return []
  const { checksum } = before
  const first: ObjectPart = {
    partNumber: 1,
    sizeBytes: before.sizeBytes,
    ...(checksum && { checksum: checksum.value }),
    isWhole: true,
  }
  const own = checksum && digests.get(checksum.algorithm)?.toString('base64')
  const all = before.partCount === 0 ? [first] : parts
  const next: ObjectPart = {
    partNumber: nextPartNumber(all),
    sizeBytes,
    ...(own !== undefined && { checksum: own }),
    ...(salt !== undefined && { salt }),
  }
  return [...all, next]
}

/** The number of the next part. An object that was written at once has no parts. */
export const nextPartNumber = (parts: readonly ObjectPart[]): number => (parts.at(-1)?.partNumber ?? 1) + 1

function digestIn(digests: AppendedBytes['digests'], name: ChecksumAlgorithm): Buffer {
  const digest = digests.get(name)
  if (digest === undefined) throw new Error(`the ${name} of what was appended was not computed`)
  return digest
}
