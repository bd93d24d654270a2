/** Digests of a file, to compare with those of a version. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Pace } from '#blobs/contract/inspection.ts'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import { findFileSafely, isSameFile, signatureOf } from '#blobs/files/io/file-operations.ts'
import type { FileSignature } from '#blobs/files/place/file-ref.ts'
import { createDigester } from '#lib/digest/digest.ts'
import { hasCode } from '#lib/system/error-code.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, rowKey } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { etagOfParts } from '#model/object/multipart/multipart.ts'
import { type ChecksumAlgorithm, isChecksumOfBytes, type ObjectPart } from '#model/object/object.ts'

/** Which digests to compute. */
export interface DigestPlan {
  readonly algorithms: readonly ChecksumAlgorithm[]
  /** If not empty, the MD5 of each part of these sizes is computed as well. */
  readonly partSizes: readonly number[]
}

export interface FileDigests {
  readonly signature: FileSignature
  readonly digests: ReadonlyMap<ChecksumAlgorithm, Buffer>
  /** The ETag of a multipart upload with these parts; undefined without parts, or if the file has another size. */
  readonly partsEtag: string | undefined
}

const forReading = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * The digests that are needed to adopt the file, if its bytes differ. Records of older releases without a full checksum
 * are compared by ETag.
 */
export async function planFor(engine: MetadataEngine, known: StoredVersion | undefined): Promise<DigestPlan> {
  const algorithms: ChecksumAlgorithm[] = ['MD5', 'CRC64NVME']
  if (known === undefined || known.partCount === 0 || keptCrc64nvmeOf(known) !== undefined) {
    return { algorithms, partSizes: [] }
  }
  const row = await engine.get(rowKey('m', known.blob.id))
  const parts = row === undefined ? [] : decodeJson<ObjectPart[]>(row)
  const { checksum } = known
  if (checksum !== undefined && !algorithms.includes(checksum.algorithm)) algorithms.push(checksum.algorithm)
  return { algorithms, partSizes: parts.map(({ sizeBytes }) => sizeBytes) }
}

/** The digests that are needed to compare the file with the record. */
export async function planToCompare(engine: MetadataEngine, known: StoredVersion): Promise<DigestPlan> {
  if (keptCrc64nvmeOf(known) !== undefined) return { algorithms: ['CRC64NVME'], partSizes: [] }
  return planFor(engine, known)
}

export function hasSameBytes(known: StoredVersion, { signature, digests, partsEtag }: FileDigests): boolean {
  if (known.blob.sizeBytes !== signature.sizeBytes) return false
  const crc64nvme = keptCrc64nvmeOf(known)
  if (crc64nvme !== undefined) return digests.get('CRC64NVME')?.toString('base64') === crc64nvme
  if (known.partCount === 0) return digests.get('MD5')?.toString('hex') === known.etag
  if (partsEtag !== undefined) return partsEtag === known.etag
  return known.checksum !== undefined && isChecksumOfBytes(known.checksum, digests)
}

/** Hashes a file. Undefined if there is none; SlowDown if it keeps changing meanwhile. */
export async function digestFile(path: string, plan: DigestPlan, pace?: Pace): Promise<FileDigests | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (findFileSafely(path) === undefined) return undefined
    const found = await digestOnce(path, plan, pace)
    if (found === 'gone') continue
    if (found !== 'changing') return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new ApiError('SlowDown')
}

async function digestOnce(
  path: string,
  { algorithms, partSizes }: DigestPlan,
  pace: Pace | undefined,
): Promise<FileDigests | 'gone' | 'changing'> {
  const file = await openToRead(path)
  if (file === undefined) return 'gone'
  try {
    const before = signatureOf(await file.stat())
    const digester = createDigester([...algorithms])
    const parts = new PartDigests(partSizes)
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    for (;;) {
      const startMs = performance.now()
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      const bytes = buffer.subarray(0, bytesRead)
      digester.update(bytes)
      parts.update(bytes)
      await pace?.(performance.now() - startMs)
    }
    if (!isSameFile(before, signatureOf(await file.stat()))) return 'changing'
    return { signature: before, digests: digester.digest(), partsEtag: parts.etag() }
  } finally {
    await file.close()
  }
}

/** Hashes `sizeBytes` bytes from `start`; undefined if there is no such file, or it is shorter. */
export async function digestStretch(
  path: string,
  start: number,
  sizeBytes: number,
  algorithm: ChecksumAlgorithm,
): Promise<Buffer | undefined> {
  const file = await openToRead(path)
  if (file === undefined) return undefined
  try {
    const digester = createDigester([algorithm])
    const buffer = Buffer.allocUnsafe(Math.min(sizeBytes, 1024 * 1024))
    for (let done = 0; done < sizeBytes; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, sizeBytes - done), start + done)
      if (bytesRead === 0) return undefined
      digester.update(buffer.subarray(0, bytesRead))
      done += bytesRead
    }
    return digester.digest().get(algorithm)
  } finally {
    await file.close()
  }
}

/** Undefined if the file was moved, removed, or replaced by something else meanwhile. */
const openToRead = (path: string) =>
  open(path, forReading).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO')) return undefined
    throw error
  })

/** Computes the MD5 of each part of a file in sequence. */
class PartDigests {
  readonly #sizes: readonly number[]
  readonly #md5s: Buffer[] = []
  #digester = createDigester(['MD5'])
  #missingBytes: number
  #isTooLong = false

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes
    this.#missingBytes = sizes[0] ?? 0
    if (sizes.length > 0) this.#finishParts()
  }

  update(bytes: Buffer): void {
    if (this.#sizes.length === 0) return
    for (let rest = bytes; rest.length > 0; ) {
      if (this.#md5s.length === this.#sizes.length) {
        this.#isTooLong = true
        return
      }
      const count = Math.min(rest.length, this.#missingBytes)
      this.#digester.update(rest.subarray(0, count))
      this.#missingBytes -= count
      rest = rest.subarray(count)
      this.#finishParts()
    }
  }

  etag(): string | undefined {
    const isWhole = this.#sizes.length > 0 && this.#md5s.length === this.#sizes.length && !this.#isTooLong
    return isWhole ? etagOfParts(this.#md5s) : undefined
  }

  #finishParts(): void {
    while (this.#missingBytes === 0 && this.#md5s.length < this.#sizes.length) {
      this.#md5s.push(this.#digester.digest().get('MD5') ?? Buffer.alloc(0))
      this.#digester = createDigester(['MD5'])
      this.#missingBytes = this.#sizes[this.#md5s.length] ?? 0
    }
  }
}
