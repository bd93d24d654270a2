/** Changes what is said of a version that stays as it is: neither its bytes nor its time change. */

import { assertRoom } from '#blobs/files/staging/staging.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { ObjectVersion } from '#model/object.ts'
import { type StoreContext, transactDurably } from './context.ts'

export async function changeVersion(
  context: StoreContext,
  bucket: string,
  version: ObjectVersion,
  change: (version: ObjectVersion) => ObjectVersion | undefined,
): Promise<ObjectVersion | undefined> {
  const { key } = version
  const { order } = version as StoredVersion
  assertRoom(context)
  return transactDurably(context, async (transaction) => {
    // It may be current, or have ceased to be since it was read.
    for (const row of [rowKey('o', bucket, key), rowKey('v', bucket, key, order)]) {
      const value = await transaction.get(row)
      const stored = value === undefined ? undefined : decodeVersion(key, value)
      if (stored?.order !== order) continue
      const { fileId, signature, place, crc64nvme } = stored
      const wanted = change(stored)
      if (wanted === undefined) return undefined
      const kept = { key, order, fileId, signature, place, ...(crc64nvme === undefined ? {} : { crc64nvme }) }
      const changed: StoredVersion = { ...wanted, ...kept }
      transaction.put(row, encodeVersion(changed))
      return changed
    }
    return undefined
  })
}
