import { randomId } from '#metadata/order.ts'
import { decodeJson, rowParts, rowsAfter, rowsWithPrefix } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Annotation } from '#model/object/annotation.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import { assertMayGo } from '#model/object/lock/lock.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { ChangeCause } from '#model/object/object-event.ts'
import type { Origin } from '#model/origin.ts'
import { changeOf, findStored } from '#store/changes/change-version.ts'
import { commitChange } from '#store/changes/commit-change.ts'
import type { StoreContext } from '#store/context.ts'
import type { Store } from '#store/contract.ts'
import { etagOf } from '#store/etag.ts'
import { passTime } from '#store/store-time.ts'
import { headKey, pieceKeys, putRows, type StoredAnnotation } from './annotation-rows.ts'
import { keep } from './kept-annotation.ts'

export function putAnnotation(
  context: StoreContext,
  { bucket, version, name, staged, checksum, objectIfMatch, origin, dataKeys }: Parameters<Store['putAnnotation']>[0],
): Promise<Annotation | undefined> {
  context.blobs.assertRoom(staged.sizeBytes)
  const passesGovernance = false
  const options = { bucket, version, objectIfMatch, origin, passesGovernance, cause: 'PutAnnotation' } as const
  return changeSet(context, options, async (transaction, set, atMs) => {
    const before = await findHead(transaction, set.id, name)
    if (before === undefined && set.count >= limits.annotationsMax) throw new ApiError('AnnotationLimitExceeded')
    const { sizeBytes } = staged
    const etag = etagOf(staged, version.encryption)
    const { kept, ...how } = keep(context, version, name, staged, dataKeys)
    const stored: StoredAnnotation = { sizeBytes, etag, modifiedAtMs: atMs, checksum, bodyId: randomId(8), ...how }
    for (const key of before === undefined ? [] : pieceKeys(set.id, before)) transaction.remove(key)
    putRows(transaction, set.id, name, stored, kept)
    return {
      result: { name, ...stored },
      set: {
        id: set.id,
        count: set.count + (before === undefined ? 1 : 0),
        sizeBytes: set.sizeBytes + sizeBytes - (before?.sizeBytes ?? 0),
      },
    }
  })
}

/** True also if there was none; undefined if the version was removed. */
export function deleteAnnotation(
  context: StoreContext,
  { bucket, version, name, objectIfMatch, origin, passesGovernance }: Parameters<Store['deleteAnnotation']>[0],
): Promise<true | undefined> {
  const options = { bucket, version, objectIfMatch, origin, passesGovernance, cause: 'DeleteAnnotation' } as const
  return changeSet(context, options, async (transaction, { id, count, sizeBytes }) => {
    const before = await findHead(transaction, id, name)
    if (before === undefined) return { result: true, set: undefined }
    for (const key of [headKey(id, name), ...pieceKeys(id, before)]) transaction.remove(key)
    return { result: true, set: { id, count: count - 1, sizeBytes: sizeBytes - before.sizeBytes } }
  })
}

interface SetChange {
  readonly bucket: string
  readonly version: ObjectVersion
  readonly objectIfMatch: string | undefined
  readonly origin: Origin | undefined
  readonly cause: ChangeCause
  readonly passesGovernance: boolean
}

/**
 * If `set` is undefined, nothing changes. The version's record changes with its annotations, so that changes of one
 * version run one after another.
 */
function changeSet<T>(
  context: StoreContext,
  { bucket, version, objectIfMatch, origin, cause, passesGovernance }: SetChange,
  body: (
    transaction: Transaction,
    set: AnnotationSet,
    atMs: number,
  ) => Promise<{ readonly result: T; readonly set: AnnotationSet | undefined }>,
): Promise<T | undefined> {
  const options = { origin, cause, isAwaited: true } as const
  return commitChange(context, bucket, options, async (transaction) => {
    const found = await findStored(transaction, bucket, version)
    if (found === undefined) return { result: undefined, change: undefined }
    const { row, stored } = found
    assertObject(stored, objectIfMatch)
    if (stored.lock !== undefined) assertMayGo(stored.lock, { nowMs: await passTime(context), passesGovernance })
    const set = stored.annotations ?? { id: randomId(12), count: 0, sizeBytes: 0 }
    const outcome = await body(transaction, set, context.clock.nowMs())
    if (outcome.set === undefined) return { result: outcome.result, change: undefined }
    const { annotations: _, ...rest } = stored
    const changed: StoredVersion = outcome.set.count === 0 ? rest : { ...rest, annotations: outcome.set }
    transaction.put(row, encodeVersion(changed))
    const change = { ...changeOf(context, bucket, changed), sizeBytes: outcome.set.sizeBytes - set.sizeBytes }
    return { result: outcome.result, change }
  })
}

function assertObject({ etag }: StoredVersion, objectIfMatch: string | undefined): void {
  if (objectIfMatch === undefined || objectIfMatch === '*' || objectIfMatch === etag) return
  throw new ApiError('PreconditionFailed', { fields: { Condition: 'x-amz-object-if-match' } })
}

async function findHead(transaction: Transaction, setId: string, name: string): Promise<StoredAnnotation | undefined> {
  const value = await transaction.get(headKey(setId, name))
  return value === undefined ? undefined : decodeJson<StoredAnnotation>(value)
}

/** Sorted by name as UTF-8. */
export async function listAnnotations(
  { engine }: Pick<StoreContext, 'engine'>,
  { annotations }: ObjectVersion,
  { prefix, after, limit }: { readonly prefix: string; readonly after: string; readonly limit: number },
): Promise<{ annotations: Annotation[]; next: string | undefined }> {
  if (annotations === undefined) return { annotations: [], next: undefined }
  const { id } = annotations
  const all = rowsWithPrefix('y', `${id}\0${prefix}`)
  const isInside = after !== '' && Buffer.compare(headKey(id, after), all.start) >= 0
  const range = isInside ? rowsAfter(all, headKey(id, after), 'row') : all
  const rows = await engine.scan(range, { limit: limit + 1 })
  const found = rows.slice(0, limit).map(({ key, value }) => ({
    name: rowParts(key)[1] ?? '',
    ...decodeJson<StoredAnnotation>(value),
  }))
  return { annotations: found, next: rows.length > limit ? found.at(-1)?.name : undefined }
}
