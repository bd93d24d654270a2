/**
 * Verifies bytes that are read against the record: damaged bytes are refused, never served and never copied. A file
 * that was changed by hand has another time or size, and is adopted before its bytes come here.
 */
import fs from 'node:fs'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { signatureOf } from '#blobs/files/io/file-operations.ts'
import { isFileOf, signatureIn } from '#blobs/files/place/file-ref.ts'
import type { StretchCheck } from '#blobs/io/stretch-check.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'

/** Whether these bytes are those of the whole version. True if the record has no digest to compare with. */
export function areBytesOf(context: FilesContext, version: StoredVersion, bytes: Buffer, ctimeMs: number): boolean {
  const { verifyReads, verified } = context
  const { blob, encryption } = version
  // The tags of an encrypted version are verified when it is decrypted.
  if (verifyReads === 'off' || encryption !== undefined) return true
  if (verifyReads === 'recent' && verified.has(blob, ctimeMs)) return true
  const algorithm: ChecksumAlgorithm = keptCrc64nvmeOf(version) === undefined ? 'MD5' : 'CRC64NVME'
  if (!isDigestOf(version, digestOnce([algorithm], bytes))) return false
  verified.note(signatureIn(blob), ctimeMs)
  return true
}

function isDigestOf(version: StoredVersion, digests: ReadonlyMap<ChecksumAlgorithm, Buffer>): boolean {
  const crc64nvme = keptCrc64nvmeOf(version)
  if (crc64nvme !== undefined) return digests.get('CRC64NVME')?.toString('base64') === crc64nvme
  return version.partCount > 0 || digests.get('MD5')?.toString('hex') === version.etag
}

/** Logs damaged bytes, and returns the error for the client. */
export function damaged(context: FilesContext, bucket: string, { key, versionId }: StoredVersion): ApiError {
  const message = 'the bytes of a stored version have changed; it is not served'
  context.troubles.tellOfFile('error', undefined, { bucket, key, versionId }, message)
  return badBytes(bucket, key, 'are not those that were stored')
}

/** The error for the client. */
export function badBytes(
  bucket: string,
  key: string,
  what: 'are not those that were stored' | 'are missing',
): ApiError {
  const reason = `The bytes of this object on the disk ${what}.`
  return new ApiError('InternalError', { fields: { BucketName: bucket, Key: key, Reason: reason } })
}

/** For a copy of the whole version. */
export function assertSameDigests(
  context: FilesContext,
  bucket: string,
  version: StoredVersion,
  digests: ReadonlyMap<ChecksumAlgorithm, Buffer>,
): void {
  if (context.verifyReads !== 'off' && !isDigestOf(version, digests)) throw damaged(context, bucket, version)
}

/** A check of the bytes start <= i < end of a file. `ctimeMs`: of the file when it was opened. */
export function checkOfStretch(
  context: FilesContext,
  bucket: string,
  version: StoredVersion,
  stretch: { readonly fd: number; readonly start: number; readonly end: number; readonly ctimeMs: number },
): StretchCheck {
  const { fd, start, end, ctimeMs } = stretch
  const { verifyReads, verified, troubles } = context
  const isWhole = start === 0 && end === version.blob.sizeBytes
  const canDigest =
    isWhole && (verifyReads === 'always' || verifyReads === 'recent') && keptCrc64nvmeOf(version) !== undefined
  return {
    canDigest,
    mustDigest: canDigest && (verifyReads === 'always' || !verified.has(version.blob, ctimeMs)),
    assertSame(crc64nvme) {
      const stats = fs.fstatSync(fd)
      const after = signatureOf(stats)
      if (!isFileOf(after, version.blob)) {
        const message = 'a file was changed by hand while it was read; the read was cut off'
        troubles.tellOfFile('warn', undefined, { bucket, key: version.key }, message)
        throw new ApiError('InternalError', { fields: { Reason: 'The file was changed while it was read.' } })
      }
      if (crc64nvme === undefined) return
      if (crc64nvme.toString('base64') !== keptCrc64nvmeOf(version)) throw damaged(context, bucket, version)
      if (stats.ctimeMs === ctimeMs) verified.note(after, ctimeMs)
    },
  }
}
