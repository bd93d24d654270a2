/**
 * The row of the index that names its upstream store. Nodes that start at the same time may have different stores, and
 * only one of these may get the name. So the row first says where the object is being written: nodes with another place
 * wait. If the object is not written in time, one of them replaces the row. The first node then cannot confirm it.
 */
import { randomBytes } from 'node:crypto'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { storeKey } from '#metadata/store-key.ts'
import { decodeJson, encodeJson, rowsOf } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'

export interface OwnStore {
  readonly kind: 'upstream'
  readonly storeId: string
  /** Where the object is being written, until it is. */
  readonly place?: string
  /** The object upstream was written. If it is missing, this is another store. */
  readonly isNamed?: true
}

/** How long other nodes wait for the object. */
const claimMs = 15_000
const lookEveryMs = 250

/** Reads the row, or creates it for this place. */
export async function ownStore(engine: MetadataEngine, place: string): Promise<OwnStore> {
  const { result } = await transact(engine, async (transaction) => {
    const row = await transaction.get(storeKey)
    if (row !== undefined) return decodeJson<OwnStore>(row)
    for (const table of ['o', 'v'] as const) {
      const range = rowsOf(table)
      if ((await transaction.scan(range, { limit: 1 })).length > 0) throw new StartRefused(plainFilesThere)
      transaction.requireEmpty(range)
    }
    const own = newStore(place)
    transaction.put(storeKey, encodeJson(own))
    return own
  })
  return result
}

const newStore = (place: string): OwnStore => ({
  kind: 'upstream',
  storeId: randomBytes(12).toString('hex'),
  place,
})

/** After the object was written, or found. False if another node has replaced the row. */
export async function confirmClaim(engine: MetadataEngine, { kind, storeId }: OwnStore): Promise<boolean> {
  const { result } = await transact(engine, async (transaction) => {
    if (storeIdOf(await transaction.get(storeKey)) !== storeId) return false
    transaction.put(storeKey, encodeJson({ kind, storeId, isNamed: true } satisfies OwnStore))
    return true
  })
  return result
}

/** Resolves when the row has changed. If it does not in time, replaces it by one for this place. */
export async function waitForClaim(
  engine: MetadataEngine,
  { storeId }: OwnStore,
  { place, clock }: { readonly place: string; readonly clock: Clock },
): Promise<void> {
  const isWaiting = (row: Bytes | undefined) => storeIdOf(row) === storeId && !isNamed(row)
  for (const endMs = clock.elapsedMs() + claimMs; clock.elapsedMs() < endMs; ) {
    if (!isWaiting(await engine.get(storeKey))) return
    await sleep(clock, lookEveryMs)
  }
  await transact(engine, async (transaction) => {
    if (isWaiting(await transaction.get(storeKey))) transaction.put(storeKey, encodeJson(newStore(place)))
  })
}

const storeIdOf = (row: Bytes | undefined) => row && decodeJson<OwnStore>(row).storeId
const isNamed = (row: Bytes | undefined) => row !== undefined && decodeJson<OwnStore>(row).isNamed === true

const plainFilesThere =
  'BLOBS_URL cannot be used with this index: its objects are plain files. Start without BLOBS_URL, or with another STORAGE_ROOT.'
