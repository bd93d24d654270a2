import type { BlobStore, Durability } from '#blobs/contract/blob-store.ts'
import type { SealedBlobs } from '#blobs/contract/sealed-blobs.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import type { AdoptionDefaults } from '#model/bucket/new-bucket.ts'

/** The state that all parts of the store share. */
export interface StoreContext {
  readonly clock: Clock
  readonly engine: MetadataEngine
  readonly blobs: BlobStore
  readonly sealed: SealedBlobs
  readonly durability: Durability
  readonly log: LevelLog
  readonly troubles: TroubleLog
  /** Owner and region of buckets that were made by hand. */
  readonly adopts: { readonly ownerId: string; readonly region: string; readonly defaults: AdoptionDefaults }
}

/** A transaction that may be acknowledged when this resolves: after the flush in `strict`, otherwise at once. */
export async function transactDurably<T>(
  context: Pick<StoreContext, 'engine' | 'durability'>,
  body: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  try {
    const { result, committed } = await transact(context.engine, body)
    if (context.durability === 'strict') await committed.flushed
    return result
  } catch (error) {
    throw asStorageError(error)
  }
}
