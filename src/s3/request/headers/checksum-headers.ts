/**
 * Checksums as clients send and receive them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '#model/errors.ts'
import {
  type Checksum,
  type ChecksumAlgorithm,
  checksumAlgorithms,
  type ObjectPart,
  type ObjectVersion,
} from '#model/object/object.ts'

/** The checksum that the client announced. */
export interface Announced {
  readonly algorithm: ChecksumAlgorithm
  /** Base64, from the header; undefined until the trailer has been received. */
  readonly value: string | undefined
  readonly inTrailer: boolean
}

const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
}

export const checksumHeaderName = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

const algorithmOfHeader: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  checksumAlgorithms.map((algorithm) => [checksumHeaderName(algorithm), algorithm]),
)

export const checksumHeaderNames: readonly string[] = [...algorithmOfHeader.keys()]

/** Whether the headers announce a checksum of the body. */
export const hasBodyChecksum = (headers: IncomingHttpHeaders): boolean =>
  headers['content-md5'] !== undefined ||
  headers['x-amz-trailer'] !== undefined ||
  checksumHeaderNames.some((name) => headers[name] !== undefined)

/** InvalidRequest, for operations that require a checksum of their document. */
export function assertBodyChecksum(headers: IncomingHttpHeaders): void {
  if (hasBodyChecksum(headers)) return
  throw new ApiError('InvalidRequest', {
    message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
  })
}

export function announcedChecksum(headers: IncomingHttpHeaders): Announced | undefined {
  refuseUnknown(headers)
  const trailer = headers['x-amz-trailer']
  const sdkAlgorithm = headers['x-amz-sdk-checksum-algorithm']
  let found: Announced | undefined
  for (const [name, algorithm] of algorithmOfHeader) {
    const value = headers[name]
    if (value === undefined) continue
    if (found !== undefined || trailer !== undefined) throw several()
    found = { algorithm, value: parseValue(algorithm, String(value)), inTrailer: false }
  }
  found ??= announcedTrailer(headers)
  if (sdkAlgorithm === undefined) return found
  const named = parseAlgorithm(String(sdkAlgorithm), 'x-amz-sdk-checksum-algorithm')
  if (found === undefined) {
    throw new ApiError('InvalidRequest', {
      message:
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    })
  }
  if (found.algorithm !== named) {
    throw new ApiError('InvalidRequest', { message: `Value for x-amz-sdk-checksum-algorithm header is invalid.` })
  }
  return found
}

/** A trailer is always about the body before it. */
export function announcedTrailer(headers: IncomingHttpHeaders): Announced | undefined {
  const trailer = headers['x-amz-trailer']
  if (trailer === undefined) return undefined
  const algorithm = algorithmOfHeader.get(String(trailer).trim().toLowerCase())
  if (algorithm !== undefined) return { algorithm, value: undefined, inTrailer: true }
  throw new ApiError('InvalidRequest', { message: 'The value specified in the x-amz-trailer header is not supported' })
}

/** A checksum with an unknown algorithm could not be verified. */
function refuseUnknown(headers: IncomingHttpHeaders): void {
  for (const name in headers) {
    if (!name.startsWith('x-amz-checksum-') || algorithmOfHeader.has(name) || aboutChecksums.has(name)) continue
    throw new ApiError('InvalidRequest', {
      message: 'The algorithm type you specified in x-amz-checksum- header is invalid.',
    })
  }
}

const aboutChecksums = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type'])

const several = () =>
  new ApiError('InvalidRequest', {
    message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  })

export function parseAlgorithm(text: string, header: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((one) => one === text.toUpperCase())
  if (algorithm === undefined)
    throw new ApiError('InvalidRequest', { message: `Value for ${header} header is invalid.` })
  return algorithm
}

function parseValue(
  algorithm: ChecksumAlgorithm,
  text: string,
  where: 'header' | 'trailing header' = 'header',
): string {
  if (isDigest(algorithm, text)) return text
  throw new ApiError('InvalidRequest', { message: `Value for ${checksumHeaderName(algorithm)} ${where} is invalid.` })
}

/** Whether the text is Base64 of a digest of the algorithm's length. */
export function isDigest(algorithm: ChecksumAlgorithm, text: string): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === digestBytes[algorithm] && bytes.toString('base64') === text
}

/** The checksum of a whole multipart object, which may end with `-<parts>`. */
export function wholeChecksum(
  headers: IncomingHttpHeaders,
): { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined {
  refuseUnknown(headers)
  let found: { algorithm: ChecksumAlgorithm; value: string } | undefined
  for (const [name, algorithm] of algorithmOfHeader) {
    const value = headers[name]
    if (value === undefined) continue
    if (found !== undefined) throw several()
    found = { algorithm, value: String(value) }
  }
  return found
}

/** Called after the last byte. */
export function verifyAnnounced(
  announced: Announced,
  digests: ReadonlyMap<ChecksumAlgorithm, Buffer>,
  trailers: Readonly<Record<string, string>>,
): void {
  const { algorithm } = announced
  const trailer = trailers[checksumHeaderName(algorithm)]
  if (announced.inTrailer && trailer === undefined) throw new ApiError('MalformedTrailerError')
  const expected = announced.value ?? parseValue(algorithm, trailer ?? '', 'trailing header')
  if (digests.get(algorithm)?.toString('base64') === expected) return
  throw new ApiError('BadDigest', { message: `The ${algorithm} you specified did not match the calculated checksum.` })
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [checksumHeaderName(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/**
 * The checksum of one part. Earlier releases kept part checksums of another algorithm than the object's: these have
 * another length.
 */
export function checksumOfPart({ checksum }: ObjectVersion, part: ObjectPart): Checksum | undefined {
  if (checksum === undefined || part.checksum === undefined) return undefined
  return isDigest(checksum.algorithm, part.checksum) ? { ...checksum, value: part.checksum } : undefined
}

/** Elements of a result document. */
export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
}

/** Element of a part, which has no type. */
export function partChecksumElement(
  checksum: Pick<Checksum, 'algorithm' | 'value'> | undefined,
): Record<string, string> {
  return checksum === undefined ? {} : { [`Checksum${checksum.algorithm}`]: checksum.value }
}
