/** RenameObject: the current version moves to another key in one commit. Its version id stays in unversioned buckets only. */
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import { bucketIn } from './buckets.ts'
import { checkWriteConditions } from './conditions.ts'
import { type StoreContext, transactDurably } from './context.ts'
import type { Store } from './contract.ts'
import { newOrder } from './order.ts'
import { encodePending, type Pending, pendingKey } from './pending.ts'
import { countUsage, makeCurrent, noChange } from './publish.ts'
import { findVersion } from './read.ts'
import { syncPath } from './settler.ts'

export async function renameObject(
  context: StoreContext,
  rename: Parameters<Store['renameObject']>[0],
): Promise<ObjectVersion> {
  const { from, to } = rename
  if (from === to) throw new ApiError('InvalidRequest', { message: 'The source and the destination are the same key.' })
  const found = await findVersion(context, rename.bucket.name, from, undefined)
  // The log row that may hold its bytes is bound to the old key, so the file itself must be durable first.
  if (found !== undefined && !found.isDeleteMarker && context.durability !== 'none') {
    await syncPath(context.layout.place(rename.bucket.name, from, found.place))
  }
  const { version, log } = await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, rename.bucket.name)
    const value = await transaction.get(rowKey('o', bucket.name, from))
    if (value === undefined) throw new ApiError('NoSuchKey', { fields: { Key: from } })
    const source = decodeVersion(from, value)
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
    })
    if (bucket.versioning === 'Enabled') leaveMarker()
    for (const pending of log) transaction.put(pendingKey(pending), encodePending(pending))
    countUsage(transaction, bucket.name, change)
    return { version, log }

    /** In a versioned bucket the old key ends with a delete marker, as a delete would leave it. */
    function leaveMarker(): void {
      const order = newOrder(source.order)
      const { acl: _, tags: __, ...kept } = source
      const marker = {
        ...kept,
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
  for (const pending of log) await context.settler.settle(pending)
  return version
}
