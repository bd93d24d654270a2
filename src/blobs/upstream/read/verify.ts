/** Compares bytes with the checksum in their record. Changed bytes are refused: they are never served or copied. */
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import type { StretchCheck } from '#blobs/io/stretch-check.ts'
import {
  asProblem,
  slowDown,
  UpstreamChanged,
  UpstreamMissing,
  UpstreamProblem,
} from '#blobs/upstream/client/problem.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { blobKey } from '#blobs/upstream/rows.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'

/** Logs damaged bytes. Returns the error for the client. */
export function damaged(
  { troubles }: UpstreamContext,
  bucket: string,
  { key, versionId }: StoredVersion,
  what: 'have changed' | 'are missing' = 'have changed',
): ApiError {
  const message = `the bytes of a stored version ${what}; it is not served`
  troubles.tellOfFile('error', undefined, { bucket, key, versionId }, message)
  const reason = `The bytes of this object in the upstream store ${what === 'are missing' ? what : 'are not those that were stored'}.`
  return new ApiError('InternalError', { fields: { BucketName: bucket, Key: key, Reason: reason } })
}

/** Checks bytes in memory. Encrypted bytes are checked by their tags when they are decrypted. */
export function areBytesOf(context: UpstreamContext, version: StoredVersion, bytes: Buffer): boolean {
  const { verifyReads, verified } = context
  const { blob, encryption } = version
  const crc64nvme = keptCrc64nvmeOf(version)
  if (verifyReads === 'off' || encryption !== undefined || crc64nvme === undefined)
    return bytes.length === blob.sizeBytes
  if (verifyReads === 'recent' && verified.has(blob.id)) return true
  if (digestOnce(['CRC64NVME'], bytes).get('CRC64NVME')?.toString('base64') !== crc64nvme) return false
  verified.note(blob.id)
  return true
}

export function checkOf(
  context: UpstreamContext,
  bucket: string,
  version: StoredVersion,
  isWhole: boolean,
): StretchCheck {
  const { verifyReads, verified } = context
  const kept = keptCrc64nvmeOf(version)
  const canDigest = isWhole && kept !== undefined && (verifyReads === 'always' || verifyReads === 'recent')
  return {
    canDigest,
    mustDigest: canDigest && (verifyReads === 'always' || !verified.has(version.blob.id)),
    assertSame(crc64nvme) {
      if (crc64nvme === undefined) return
      if (crc64nvme.toString('base64') !== kept) throw damaged(context, bucket, version)
      verified.note(version.blob.id)
    },
  }
}

/** Checks the digests of a copy of the whole version. */
export function assertSameDigests(
  context: UpstreamContext,
  bucket: string,
  version: StoredVersion,
  digests: ReadonlyMap<ChecksumAlgorithm, Buffer>,
): void {
  const kept = keptCrc64nvmeOf(version)
  if (context.verifyReads === 'off' || kept === undefined) return
  if (digests.get('CRC64NVME')?.toString('base64') !== kept) throw damaged(context, bucket, version)
}

/** The error for the client after an error of the upstream. */
export async function asReadProblem(
  context: UpstreamContext,
  bucket: string,
  version: StoredVersion,
  error: unknown,
): Promise<unknown> {
  if (error instanceof UpstreamMissing) {
    // The version was deleted and its bytes were removed during the read.
    const isGone = (await context.engine.get(blobKey(version.blob.id))) === undefined
    return isGone ? slowDown(error) : damaged(context, bucket, version, 'are missing')
  }
  if (error instanceof UpstreamChanged) return damaged(context, bucket, version)
  if (!(error instanceof UpstreamProblem)) return error
  const problem = asProblem('reading an object', error)
  context.troubles.tellOfFolder(
    'warn',
    problem,
    { bucket: 'upstream', key: '' },
    'the upstream store could not be read',
  )
  return slowDown(problem)
}
