/** RenameObject: the current version moves to another key in one commit. Its version id stays in unversioned buckets only. */
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import { bucketIn } from './buckets.ts'
import { checkWriteConditions } from './conditions.ts'
import { type StoreContext, transactDurably } from './context.ts'
import type { Store } from './contract.ts'
import { newOrder } from './order.ts'
import { decodePending, encodePending, type Pending, pendingKey } from './pending.ts'
import { countUsage, makeCurrent, noChange } from './publish.ts'
import { findVersion } from './read.ts'

type Rename = Parameters<Store['renameObject']>[0]

const attempts = 20

export async function renameObject(context: StoreContext, rename: Rename): Promise<ObjectVersion> {
  const { from, to } = rename
  if (from === to) throw new ApiError('InvalidRequest', { message: 'The source and the destination are the same key.' })
  for (let attempt = 0; attempt < attempts; attempt++) {
    // Looking at it has its file moved to its place; the row that brought it there is done with it.
    const found = await findVersion(context, rename.bucket.name, from, undefined)
    const version = await renameVersion(context, rename, found?.order)
    if (version !== undefined) return version
  }
  throw new ApiError('OperationAborted')
}

/** Undefined if the current version is not the one of this order. */
async function renameVersion(
  context: StoreContext,
  rename: Rename,
  order: string | undefined,
): Promise<ObjectVersion | undefined> {
  const { from, to } = rename
  const renamed = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, rename.bucket.name)
    const value = await transaction.get(rowKey('o', bucket.name, from))
    if (value === undefined) throw new ApiError('NoSuchKey', { fields: { Key: from } })
    const source = decodeVersion(from, value)
    if (source.order !== order) return undefined
    checkWriteConditions(rename.sourceConditions, source)
    const change = noChange()
    const { order: _, versionId: __, isDeleteMarker: ___, modifiedAtMs: ____, place: _____, ...kept } = source
    const fresh = { ...kept, key: to, checksum: source.checksum, attributes: source }
    const version = await makeCurrent(transaction, bucket, fresh, rename.conditions, change)
    transaction.remove(rowKey('o', bucket.name, from))
    change.objectCount--
    change.sizeBytes -= source.sizeBytes
    const log: Pending[] = []
    log.push({
      bucket: bucket.name,
      key: to,
      order: version.order,
      moved: [...change.moved, version.order],
      removed: change.removed,
      source: { key: from, place: source.place },
      ...(await carryBytes(transaction, bucket.name, source)),
      inodes: [source.signature.inode, ...change.replacedInodes],
      ...(bucket.versioning === 'Unversioned' ? {} : { keepsOlder: true }),
    })
    if (bucket.versioning === 'Enabled') leaveMarker()
    for (const pending of log) transaction.put(pendingKey(pending), encodePending(pending))
    countUsage(transaction, bucket.name, change)
    return { version, log }

    /** In a versioned bucket the old key ends with a delete marker, as a delete would leave it. */
    function leaveMarker(): void {
      const order = newOrder(source.order)
      const marker = {
        ...source,
        order,
        versionId: order,
        isDeleteMarker: true,
        sizeBytes: 0,
        etag: '',
        partCount: 0,
        modifiedAtMs: Date.now(),
        place: { kind: 'opaque', id: '' },
        fileId: '',
        userMetadata: {},
        headers: {},
      } as const
      transaction.put(rowKey('v', bucket.name, from, order), encodeVersion(marker))
    }
  })
  for (const pending of renamed?.log ?? []) await context.settler.settle(pending)
  return renamed?.version
}

/** The bytes of a small version may be nowhere for sure but in the row that brought it to the old key. */
async function carryBytes(
  transaction: Transaction,
  bucket: string,
  source: StoredVersion,
): Promise<Pick<Pending, 'fileId' | 'bytes'>> {
  const row = await transaction.get(rowKey('q', bucket, source.key, source.order))
  const bytes = row === undefined ? undefined : decodePending(row).bytes
  return bytes === undefined ? {} : { fileId: source.fileId, bytes }
}
