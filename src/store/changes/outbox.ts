/**
 * The events of the objects of a bucket, in the order of commits. Each change appends a row in its own commit, if the
 * bucket has a listener (`Bucket.hasListeners`). Each reader keeps its own position. Events that all readers have
 * processed are removed.
 */
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey, rowParts, rowsOf, sequenceKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { ChangeCause, ObjectChange, ObjectEvent } from '#model/object/object-event.ts'
import type { Origin } from '#model/origin.ts'

export interface OutboxRow {
  /** Counted from 0 over all events of the bucket. */
  readonly position: number
  readonly event: ObjectEvent
}

interface Happening {
  readonly what: ObjectChange
  readonly version: StoredVersion
  readonly cause: ChangeCause
  readonly origin: Origin | undefined
  readonly atMs: number
}

const originIn = ({
  principal,
  address,
  requestId,
}: Origin): Pick<ObjectEvent, 'principal' | 'address' | 'requestId'> => ({
  principal: { canonicalId: principal.canonicalId, accessKeyId: principal.accessKeyId },
  ...(address === undefined ? {} : { address }),
  requestId,
})

export function appendEvent(
  transaction: Transaction,
  bucket: string,
  { what, version, cause, origin, atMs }: Happening,
): void {
  const { key, versionId, order, sizeBytes, etag } = version
  const event: ObjectEvent = {
    what,
    cause,
    atMs,
    key,
    versionId,
    order,
    sizeBytes,
    etag,
    ...(origin === undefined ? {} : originIn(origin)),
  }
  transaction.append(rowKey('e', bucket), encodeJson(event))
}

/**
 * Up to `limit` events from a position on, oldest first. If the position was removed, the oldest that is left is the
 * first.
 */
export async function listEvents(
  engine: MetadataEngine,
  bucket: string,
  position: number,
  limit: number,
): Promise<OutboxRow[]> {
  const counter = rowKey('e', bucket)
  const range = { start: sequenceKey(counter, position), end: rowsOf('e', bucket).end }
  const rows = await engine.scan(range, { limit })
  return rows.map(({ key, value }) => ({ position: Number(rowParts(key)[1]), event: decodeJson<ObjectEvent>(value) }))
}

/** Removes the events before a position. */
export async function forgetEvents(engine: MetadataEngine, bucket: string, position: number): Promise<void> {
  const counter = rowKey('e', bucket)
  const range = { start: rowsOf('e', bucket).start, end: sequenceKey(counter, position) }
  for (;;) {
    const rows = await engine.scan(range, { limit: 500 })
    if (rows.length === 0) return
    await engine.commit({ checks: [], writes: rows.map(({ key }) => ({ key, value: undefined })) })
  }
}
