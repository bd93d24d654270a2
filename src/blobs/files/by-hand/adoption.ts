/**
 * Files that appeared, changed or vanished by hand become what the index says. Same bytes: only the file's signature is refreshed, so
 * a restored backup keeps its metadata. Other bytes: a new object, with metadata from its file name.
 */
import { lookup } from 'mime-types'
import { digestFile, type FileDigests, hasSameBytes, planFor } from '#blobs/files/checks/file-digests.ts'
import { findFileSafely, isSameFile } from '#blobs/files/io/file-operations.ts'
import { locate } from '#blobs/files/moves/locate.ts'
import { decodePending, inodesOf, type Pending } from '#blobs/files/moves/pending.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import type { Bytes } from '#metadata/engine.ts'
import { randomId } from '#metadata/order.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'
import { crc64nvmeOf, decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { bucketIn } from '#store/buckets.ts'
import type { StoreContext } from '#store/context.ts'
import { deleteVanished } from '#store/delete.ts'
import { countUsage, makeCurrent, type NewVersion, noChange, replace } from '#store/publish.ts'

/** What a reader has found that does not fit: a file that is not the record's, or a record without a file. */
export interface Suspect {
  readonly bucket: string
  readonly key: string
  /** The record that was read; undefined if there was none. */
  readonly known: StoredVersion | undefined
  /** Rows of the key that were played before the file was looked at: none of these moves is under way. */
  readonly played: readonly Pending[]
}

/**
 * `adopted`: the index says now what the file says. `none`: there is nothing to adopt. `changed`: record, file or rows are not what was
 * looked at any more. `ours`: rows tell of this file, which a writer made; it may be adopted when they are forgotten.
 */
export type Adoption = 'adopted' | 'none' | 'changed' | 'ours'

/**
 * Adopts the file at the place of the known record, or the plain file of a key without one. A file outside the bucket (behind a symbolic
 * link) is none. Everything that the decision rests on is checked again under the index's write lock.
 */
export async function adoptFile(context: StoreContext, suspect: Suspect): Promise<Adoption> {
  const { layout, log } = context
  const { bucket, key, known } = suspect
  const path = known === undefined ? layout.plain(bucket, key) : layout.place(bucket, key, known.place)
  const isPlain = known === undefined || known.place.kind === 'plain'
  if (isPlain && !isInside(layout.bucket(bucket), path)) return 'none'
  const there = findFileSafely(path)
  if (there === undefined) return 'none'
  if (isPlain && isOurs(there.inode, suspect.played, known)) return 'ours'
  const read = await digestFile(path, await planFor(context.engine, known))
  if (read === undefined) return 'none'
  if (known !== undefined && hasSameBytes(known, read)) return refreshRecord(context, bucket, known, path, read)
  if (known !== undefined && (!isPlain || isDamaged(known, read))) {
    if (!(await isStillWrong(context, bucket, known, path, read))) return 'changed'
    log.error(
      { bucket, key, versionId: known.versionId },
      'the bytes of a stored version have changed; it is not served',
    )
    throw new ApiError('InternalError')
  }
  const adoption = await publishAdopted(context, suspect, path, read)
  if (adoption === 'adopted') {
    log.info({ bucket, key, sizeBytes: read.signature.sizeBytes }, 'adopted a file changed by hand')
  }
  return adoption
}

/** The file of a record is gone: for a plain one, it was removed by hand, and so the object is. */
export async function adoptRemoval(
  context: StoreContext,
  suspect: Suspect & { known: StoredVersion },
): Promise<Adoption> {
  const { log, settler, engine, layout } = context
  const { bucket, key, known, played } = suspect
  const path = layout.place(bucket, key, known.place)
  // Where another file is by now, it was replaced and not removed.
  const isGone = () => findFileSafely(path) === undefined && settler.isNowhere(bucket, known, played)
  if (known.place.kind !== 'plain') {
    const isLost = await engine.exclusively((view) => {
      const located = locate(view, bucket, key, known.order)
      return located !== undefined && isSamePlace(located.version, known) && isGone()
    })
    if (!isLost) return 'changed'
    log.error({ bucket, key, versionId: known.versionId }, 'the bytes of a stored version are missing')
    throw new ApiError('InternalError')
  }
  if (!(await deleteVanished(context, bucket, known, isGone))) return 'changed'
  log.info({ bucket, key }, 'adopted the removal of a file by hand')
  return 'adopted'
}

/**
 * Whether rows of the key tell of a file that is not the current version's: a writer has yet to move or to remove it. Rows of a renamed
 * object's old key do not say which file it is. The current version's own file, with another time, was changed in place by hand.
 */
export function isOurs(inode: number, rows: readonly Pending[], current: StoredVersion | undefined): boolean {
  if (inode === current?.signature.inode) return false
  return inodesOf(rows).has(inode) || rows.some(({ renamedTo }) => renamedTo !== undefined)
}

/** Whoever changes a file changes its time as well; a copy keeps it. */
export const isDamaged = (known: StoredVersion, { signature }: FileDigests): boolean =>
  signature.sizeBytes === known.sizeBytes && signature.mtimeMs === known.signature.mtimeMs

const isSamePlace = (a: StoredVersion, b: StoredVersion): boolean =>
  a.place.kind === b.place.kind && isSameFile(a.signature, b.signature)

const isStillThere = (path: string, { signature }: FileDigests): boolean => {
  const there = findFileSafely(path)
  return there !== undefined && isSameFile(there, signature)
}

/** The same bytes in another file: a restored copy, or one that was only touched. */
export async function refreshRecord(
  { engine }: StoreContext,
  bucket: string,
  known: StoredVersion,
  path: string,
  read: FileDigests,
): Promise<Adoption> {
  const crc64nvme = read.digests.get('CRC64NVME')?.toString('base64')
  return engine.exclusively((view) => {
    const located = locate(view, bucket, known.key, known.order)
    if (located === undefined || !isSamePlace(located.version, known) || !isStillThere(path, read)) return 'changed'
    const refreshed = { ...located.version, signature: read.signature }
    if (crc64nvme !== undefined && crc64nvmeOf(refreshed) === undefined) refreshed.crc64nvme = crc64nvme
    view.put(located.row, encodeVersion(refreshed))
    return 'adopted'
  })
}

/** Whether the record and the file are still those that do not fit. */
export function isStillWrong(
  { engine }: StoreContext,
  bucket: string,
  known: StoredVersion,
  path: string,
  read: FileDigests,
): Promise<boolean> {
  return engine.exclusively((view) => {
    const located = locate(view, bucket, known.key, known.order)
    return located !== undefined && isSamePlace(located.version, known) && isStillThere(path, read)
  })
}

async function publishAdopted(
  context: StoreContext,
  { bucket: bucketName, key, known, played }: Suspect,
  path: string,
  read: FileDigests,
): Promise<Adoption> {
  const playedOrders = new Set(played.map(({ order }) => order))
  const isThere = () => isStillThere(path, read)
  const { result, committed } = await transact(context.engine, async (transaction): Promise<Adoption> => {
    const bucket = await bucketIn(transaction, bucketName)
    const current = findSame(key, await transaction.get(rowKey('o', bucketName, key)), known)
    if (current === 'another' || !isThere()) return 'changed'
    // A write and a delete may have come and gone since the record was read; their rows tell, or the file is another.
    const range = rowsOf('q', bucketName, key)
    const rows = await transaction.scan(range)
    const pendings = rows.map(({ value }) => decodePending(value))
    if (pendings.some(({ order }) => !playedOrders.has(order))) return 'changed'
    if (isOurs(read.signature.inode, pendings, known)) return 'ours'
    transaction.requireNoMore(range, rows)
    transaction.requireThat(isThere)
    const change = noChange()
    await makeCurrent(transaction, bucket, adoptedVersion(key, bucket.ownerId, read), {}, change)
    if (current !== undefined && change.moved.length > 0) {
      // The bytes of the version before are gone: it is replaced, not kept.
      const lost = noChange()
      replace(transaction, current, lost)
      transaction.remove(rowKey('v', bucketName, key, current.order))
      if (current.versionId === 'null') transaction.remove(rowKey('n', bucketName, key))
      countUsage(transaction, bucketName, lost)
    }
    countUsage(transaction, bucketName, change)
    return 'adopted'
  })
  if (context.durability === 'strict') await committed.flushed
  return result
}

/** The key's current version if it is the known one, or there is none as was known. */
function findSame(
  key: string,
  row: Bytes | undefined,
  known: StoredVersion | undefined,
): StoredVersion | undefined | 'another' {
  const current = row === undefined ? undefined : decodeVersion(key, row)
  if (current === undefined || known === undefined) return current === known ? undefined : 'another'
  return current.order === known.order && isSamePlace(current, known) ? current : 'another'
}

function adoptedVersion(key: string, ownerId: string, { signature, digests }: FileDigests): NewVersion {
  const contentType = lookup(key)
  const crc64nvme = digests.get('CRC64NVME')?.toString('base64') ?? ''
  return {
    key,
    sizeBytes: signature.sizeBytes,
    etag: digests.get('MD5')?.toString('hex') ?? '',
    partCount: 0,
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: crc64nvme },
    crc64nvme,
    attributes: {
      headers: contentType === false ? {} : { contentType },
      userMetadata: {},
      storageClass: 'STANDARD',
      ownerId,
    },
    fileId: `adopted-${randomId(12)}`,
    signature,
  }
}
