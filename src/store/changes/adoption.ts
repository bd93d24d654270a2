/** Takes changes by hand into the index. The commit decides. */

import type { Adoption, Foreign } from '#blobs/contract/foreign.ts'
import { mediaTypeOf } from '#lib/text/media-type.ts'
import type { AsideReason } from '#metadata/blob-ref.ts'
import { newOrder } from '#metadata/order.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { StoreContext } from '#store/context.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'
import { deleteVersion } from './delete.ts'
import { makeCurrent, type NewVersion, replace } from './publish.ts'

export async function adopt(context: StoreContext, foreign: Foreign): Promise<Adoption> {
  const { bucket, key, found } = foreign
  const options = { origin: undefined, cause: 'FileSystem', isAwaited: true } as const
  const adoption = await commitChange(context, bucket, options, async (transaction, record) => {
    const answer = await foreign.confirm(transaction)
    if (answer !== 'same') return { result: answer, change: undefined }
    const change = noChange(bucket, key, context)
    if (found === undefined) await adoptRemoval(context, transaction, record, foreign, change)
    else await adoptBytes(context, transaction, record, { ...foreign, found }, change)
    return { result: 'adopted' as const, change }
  })
  if (adoption !== 'adopted') return adoption
  if (found === undefined) context.log.info({ bucket, key }, 'adopted the removal of a file by hand')
  else context.log.info({ bucket, key, sizeBytes: found.sizeBytes }, 'adopted a file changed by hand')
  return adoption
}

/** The bytes were removed, and so the version is removed. */
async function adoptRemoval(
  { blobs }: StoreContext,
  transaction: Transaction,
  bucket: Bucket,
  { key, known }: Foreign,
  change: Change,
): Promise<void> {
  if (known === undefined) return
  const { versionId, ownerId } = known
  const remove = { bucket, key, versionId, ownerId, conditions: {} }
  const row = await transaction.get(rowKey('o', bucket.name, key))
  const current = row === undefined ? undefined : decodeVersion(key, row)
  await deleteVersion(blobs, transaction, bucket, remove, current, versionId, change)
  change.order = newOrder(current?.order, change.atMs)
}

/**
 * Other bytes are a new object, with metadata from its name. The bytes of the previous version are lost: it is
 * replaced, not kept.
 */
async function adoptBytes(
  context: StoreContext,
  transaction: Transaction,
  bucket: Bucket,
  foreign: Foreign & { readonly found: NonNullable<Foreign['found']> },
  change: Change,
): Promise<void> {
  const { ref } = foreign.found
  const blobOf = (aside: AsideReason | undefined) => (aside === undefined ? ref : context.blobs.asAside(ref, aside))
  const fresh = { ...adoptedVersion(foreign.key, bucket.ownerId, foreign.found), blobOf }
  const version = await makeCurrent(context, transaction, bucket, fresh, {}, change)
  change.arrived = { ref: version.blob, isInPlace: true }
  if (foreign.known !== undefined && change.moved.length > 0) dropDemoted(transaction, bucket, foreign.known, change)
}

function dropDemoted(transaction: Transaction, { name }: Bucket, lost: StoredVersion, change: Change): void {
  change.moved = []
  replace(transaction, lost, change)
  transaction.remove(rowKey('v', name, lost.key, lost.order))
  if (lost.versionId === 'null') transaction.remove(rowKey('n', name, lost.key))
}

function adoptedVersion(
  key: string,
  ownerId: string,
  found: NonNullable<Foreign['found']>,
): Omit<NewVersion, 'blobOf'> {
  const contentType = mediaTypeOf(key)
  const { sizeBytes, digests } = found
  const crc64nvme = digests.get('CRC64NVME')?.toString('base64') ?? ''
  return {
    key,
    sizeBytes,
    etag: digests.get('MD5')?.toString('hex') ?? '',
    partCount: 0,
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: crc64nvme },
    crc64nvme,
    attributes: {
      headers: contentType === undefined ? {} : { contentType },
      userMetadata: {},
      storageClass: 'STANDARD',
      ownerId,
    },
  }
}
