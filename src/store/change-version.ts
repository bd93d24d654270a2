/** Changes what is said of a version that stays as it is: neither its bytes nor its time change. */
import { isDeepStrictEqual } from 'node:util'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { assertMayChange } from '#model/object/lock.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'
import type { StoreContext } from './context.ts'
import type { VersionEdit } from './contract.ts'
import { passTime } from './store-time.ts'

export async function changeVersion(
  context: StoreContext,
  bucket: string,
  version: ObjectVersion,
  { change, origin, cause, passesGovernance = false }: VersionEdit,
): Promise<ObjectVersion | undefined> {
  const { key } = version
  const { order } = version as StoredVersion
  context.blobs.assertRoom()
  const options = { origin, cause: cause ?? 'Change', isAwaited: true } as const
  return commitChange(context, bucket, options, async (transaction, { objectLockEnabled }) => {
    const nothing = { result: undefined, change: undefined }
    // It may be current, or have ceased to be since it was read.
    for (const row of [rowKey('o', bucket, key), rowKey('v', bucket, key, order)]) {
      const value = await transaction.get(row)
      const stored = value === undefined ? undefined : decodeVersion(key, value)
      if (stored?.order !== order) continue
      const nowMs = objectLockEnabled ? await passTime(context) : context.clock.nowMs()
      const wanted = change(stored, nowMs)
      if (wanted === undefined) return nothing
      if (!isDeepStrictEqual(stored.lock, wanted.lock)) {
        assertMayChange(stored.lock, wanted.lock, { nowMs, passesGovernance })
      }
      const { blob, crc64nvme } = stored
      const changed: StoredVersion = { ...wanted, key, order, blob, ...(crc64nvme === undefined ? {} : { crc64nvme }) }
      transaction.put(row, encodeVersion(changed))
      const what: Change = {
        ...noChange(bucket, key, context),
        order,
        happened: [{ what: 'changed', version: changed }],
      }
      return { result: changed, change: what }
    }
    return nothing
  })
}
