/** Changes what is said of a version that stays as it is: neither its bytes nor its time change. */
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Origin } from '#model/origin.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'
import type { StoreContext } from './context.ts'

export async function changeVersion(
  context: StoreContext,
  bucket: string,
  version: ObjectVersion,
  change: (version: ObjectVersion) => ObjectVersion | undefined,
  origin: Origin | undefined,
): Promise<ObjectVersion | undefined> {
  context.blobs.assertRoom()
  const options = { origin, cause: 'Change', isAwaited: true } as const
  return commitChange(context, bucket, options, async (transaction) => {
    const found = await findStored(transaction, bucket, version)
    const wanted = found && change(found.stored)
    if (found === undefined || wanted === undefined) return { result: undefined, change: undefined }
    const { key, order, blob, crc64nvme } = found.stored
    const changed: StoredVersion = { ...wanted, key, order, blob, ...(crc64nvme === undefined ? {} : { crc64nvme }) }
    transaction.put(found.row, encodeVersion(changed))
    return { result: changed, change: changeOf(context, bucket, changed) }
  })
}

/** The version as of this transaction. It may be current, or have ceased to be since it was read. */
export async function findStored(
  transaction: Transaction,
  bucket: string,
  version: ObjectVersion,
): Promise<{ readonly row: Buffer; readonly stored: StoredVersion } | undefined> {
  const { key, order } = version as StoredVersion
  for (const row of [rowKey('o', bucket, key), rowKey('v', bucket, key, order)]) {
    const value = await transaction.get(row)
    const stored = value === undefined ? undefined : decodeVersion(key, value)
    if (stored?.order === order) return { row, stored }
  }
  return undefined
}

/** Of a version that stays. */
export function changeOf(context: StoreContext, bucket: string, version: StoredVersion): Change {
  const { key, order } = version
  return { ...noChange(bucket, key, context), order, happened: [{ what: 'changed', version }] }
}
