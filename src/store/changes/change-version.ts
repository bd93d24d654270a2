/** Changes the attributes of a version. Its bytes and its time stay. */
import { isDeepStrictEqual } from 'node:util'
import { newOrder } from '#metadata/order.ts'
import { rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { assertMayChange, assertMayRekey } from '#model/object/lock/lock.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Origin } from '#model/origin.ts'
import type { StoreContext } from '#store/context.ts'
import type { Rewrap, VersionEdit } from '#store/contract.ts'
import { passTime } from '#store/store-time.ts'
import { asideReason } from './aside.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'

/** UpdateObjectEncryption. AccessDenied for a protected version. */
export function rewrapVersion(
  context: StoreContext,
  bucket: string,
  version: ObjectVersion,
  rewrap: Rewrap,
  origin: Origin | undefined,
): Promise<ObjectVersion | undefined> {
  const change = (stored: ObjectVersion, nowMs: number) => {
    assertMayRekey(stored.lock, nowMs)
    return rewrapped(stored, rewrap)
  }
  return changeVersion(context, bucket, version, { change, origin })
}

/** OperationAborted if the version was rewrapped or replaced meanwhile: it would get the keys of another. */
export function rewrapped<V extends ObjectVersion>(version: V, rewrap: Rewrap | undefined): V {
  if (version.encryption?.wrappedKey !== rewrap?.from.wrappedKey) throw new ApiError('OperationAborted')
  return rewrap === undefined ? version : { ...version, encryption: rewrap.to }
}

export async function changeVersion(
  context: StoreContext,
  bucket: string,
  version: ObjectVersion,
  { change, origin, cause, passesGovernance = false }: VersionEdit,
): Promise<ObjectVersion | undefined> {
  context.blobs.assertRoom()
  const options = { origin, cause: cause ?? 'Change', isAwaited: true } as const
  return commitChange(context, bucket, options, async (transaction, { objectLockEnabled }) => {
    const nothing = { result: undefined, change: undefined }
    const found = await findStored(transaction, bucket, version)
    if (found === undefined) return nothing
    const { row, stored } = found
    const nowMs = objectLockEnabled ? await passTime(context) : context.clock.nowMs()
    const wanted = change(stored, nowMs)
    if (wanted === undefined) return nothing
    if (!isDeepStrictEqual(stored.lock, wanted.lock)) {
      assertMayChange(stored.lock, wanted.lock, { nowMs, passesGovernance })
    }
    const { key, order, crc64nvme } = stored
    const aside = asideReason(wanted)
    const blob = aside === undefined ? stored.blob : context.blobs.asAside(stored.blob, aside)
    const changed: StoredVersion = { ...wanted, key, order, blob, ...(crc64nvme === undefined ? {} : { crc64nvme }) }
    transaction.put(row, encodeVersion(changed))
    const what = changeOf(context, bucket, changed)
    if (blob !== stored.blob) what.moved.push({ order, from: stored.blob, to: blob })
    else if (isLockKept(stored) || isLockKept(changed)) what.relocked.push({ order, ref: blob })
    // Not the version's own order: there may be a row for its arrival.
    if (what.moved.length + what.relocked.length > 0) what.order = newOrder(order, nowMs)
    return { result: changed, change: what }
  })
}

/** The version as of this transaction. It may be current, or have become noncurrent since it was read. */
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

/** A change of an existing version. */
export function changeOf(context: StoreContext, bucket: string, version: StoredVersion): Change {
  const { key, order } = version
  return { ...noChange(bucket, key, context), order, happened: [{ what: 'changed', version }] }
}

/** Whether its record is also stored beside its bytes. */
const isLockKept = ({ lock, blob }: StoredVersion): boolean =>
  blob.aside === 'locked' || (blob.aside !== undefined && lock !== undefined)
