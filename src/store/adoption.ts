/**
 * Files that appeared, changed or vanished by hand become what the index says. Same bytes: only the file's signature is refreshed, so
 * a restored backup keeps its metadata. Other bytes: a new object, with metadata from its file name.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { lookup } from 'mime-types'
import { findFileSafely, hasCode, isSameFile, signatureOf } from '#blobs/files.ts'
import { isInside } from '#blobs/inside.ts'
import { createDigester } from '#lib/digest/digest.ts'
import { rowKey } from '#metadata/tables.ts'
import { encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { type ChecksumAlgorithm, type FileSignature, isChecksumOfBytes } from '#model/object.ts'
import { bucketIn } from './buckets.ts'
import { type StoreContext, transactDurably } from './context.ts'
import { deleteObject } from './delete.ts'
import { locate } from './locate.ts'
import { randomId } from './order.ts'
import { countUsage, makeCurrent, noChange, replace } from './publish.ts'

interface Read {
  readonly signature: FileSignature
  readonly digests: Map<ChecksumAlgorithm, Buffer>
}

/**
 * Adopts the file at the place of `known`, or the plain file of a key without a record. False if there is nothing to adopt.
 * A file outside the bucket (behind a symbolic link) is none.
 */
export async function adoptFile(
  context: StoreContext,
  bucket: string,
  key: string,
  known: StoredVersion | undefined,
): Promise<boolean> {
  const { layout, log } = context
  const path = known === undefined ? layout.plain(bucket, key) : layout.place(bucket, key, known.place)
  const isPlain = known === undefined || known.place.kind === 'plain'
  if (isPlain && !isInside(layout.bucket(bucket), path)) return false
  const read = await readFile(path, known?.checksum?.algorithm)
  if (read === undefined) return false
  if (known !== undefined && hasSameBytes(known, read)) {
    await refreshSignature(context, bucket, known, read.signature)
    return true
  }
  if (!isPlain) {
    log.error(
      { bucket, key, versionId: known?.versionId },
      'the bytes of a stored version have changed; it is not served',
    )
    throw new ApiError('InternalError')
  }
  await publishAdopted(context, bucket, key, known, read)
  log.info({ bucket, key, sizeBytes: read.signature.sizeBytes }, 'adopted a file changed by hand')
  return true
}

/** The file of a record is gone: for a plain one, somebody removed it, and so the object. */
export async function adoptRemoval(context: StoreContext, bucketName: string, known: StoredVersion): Promise<void> {
  const { log } = context
  if (known.place.kind !== 'plain') {
    log.error(
      { bucket: bucketName, key: known.key, versionId: known.versionId },
      'the bytes of a stored version are missing',
    )
    throw new ApiError('InternalError')
  }
  const bucket = await context.engine.get(rowKey('b', bucketName))
  if (bucket === undefined) throw new ApiError('NoSuchBucket')
  await deleteObject(context, {
    bucket: JSON.parse(Buffer.from(bucket).toString()),
    key: known.key,
    versionId: known.versionId,
    onlyOrder: known.order,
    ownerId: known.ownerId,
    conditions: {},
  })
  log.info({ bucket: bucketName, key: known.key }, 'adopted the removal of a file by hand')
}

function hasSameBytes(known: StoredVersion, read: Read): boolean {
  if (known.sizeBytes !== read.signature.sizeBytes) return false
  if (known.partCount === 0) return read.digests.get('MD5')?.toString('hex') === known.etag
  const { checksum } = known
  return checksum !== undefined && isChecksumOfBytes(checksum, read.digests)
}

async function refreshSignature(
  context: StoreContext,
  bucket: string,
  known: StoredVersion,
  signature: FileSignature,
): Promise<void> {
  await context.engine.exclusively((view) => {
    const located = locate(view, bucket, known.key, known.order)
    if (located === undefined || !isSameFile(located.version.signature, known.signature)) return
    view.put(located.row, encodeVersion({ ...located.version, signature }))
  })
}

async function publishAdopted(
  context: StoreContext,
  bucketName: string,
  key: string,
  known: StoredVersion | undefined,
  read: Read,
): Promise<void> {
  await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, bucketName)
    const change = noChange()
    const row = rowKey('o', bucketName, key)
    const found = await transaction.get(row)
    const located =
      known === undefined || found === undefined
        ? undefined
        : locate({ get: () => found }, bucketName, key, known.order)
    // Somebody wrote the key meanwhile: the next look decides anew.
    if ((known === undefined) !== (found === undefined) || (known !== undefined && located === undefined)) return
    const contentType = lookup(key)
    const fresh = {
      key,
      sizeBytes: read.signature.sizeBytes,
      etag: read.digests.get('MD5')?.toString('hex') ?? '',
      partCount: 0,
      checksum: {
        algorithm: 'CRC64NVME',
        type: 'FULL_OBJECT',
        value: read.digests.get('CRC64NVME')?.toString('base64') ?? '',
      },
      attributes: {
        headers: contentType === false ? {} : { contentType },
        userMetadata: {},
        storageClass: 'STANDARD',
        ownerId: bucket.ownerId,
      },
      fileId: `adopted-${randomId(12)}`,
      signature: read.signature,
    } as const
    // The bytes of the version before are gone: it is replaced, not kept.
    const lost = noChange()
    await makeCurrent(transaction, bucket, fresh, {}, change)
    if (located !== undefined) {
      replace(transaction, located.version, lost)
      if (change.moved.length > 0) {
        transaction.remove(rowKey('v', bucketName, key, located.version.order))
        if (located.version.versionId === 'null') transaction.remove(rowKey('n', bucketName, key))
        countUsage(transaction, bucketName, lost)
      }
    }
    countUsage(transaction, bucketName, change)
  })
}

/** Hashes a file that nobody is writing; undefined if there is none. */
async function readFile(path: string, algorithm: ChecksumAlgorithm | undefined): Promise<Read | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (findFileSafely(path) === undefined) return undefined
    const names = new Set<ChecksumAlgorithm>(['MD5', 'CRC64NVME'])
    if (algorithm !== undefined) names.add(algorithm)
    const digester = createDigester([...names])
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    const file = await open(path, flags).catch((error: unknown) => {
      // Moved or removed a moment after it was seen.
      if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
      throw error
    })
    if (file === undefined) continue
    try {
      const before = signatureOf(await file.stat())
      const buffer = Buffer.allocUnsafe(1024 * 1024)
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length)
        if (bytesRead === 0) break
        digester.update(buffer.subarray(0, bytesRead))
      }
      const digests = digester.digest()
      if (isSameFile(before, signatureOf(await file.stat()))) return { signature: before, digests }
    } finally {
      await file.close()
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new ApiError('SlowDown')
}
