import type { Durability, VerifyReads } from '#blobs/contract/blob-store.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import type { Clock } from '#lib/clock.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { Check, MetadataEngine, RowEngine, Write } from '#metadata/engine.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import type { Slots } from './client/slots.ts'
import type { Upstream } from './client/upstream.ts'
import type { KnownEtags } from './known-etags.ts'
import type { VerifiedBlobs } from './read/verified-blobs.ts'

/** What every part of the upstream blob store uses. */
export interface UpstreamContext {
  readonly engine: MetadataEngine
  readonly upstream: Upstream
  /** Slots for bodies that are buffered in memory. */
  readonly gathering: Slots
  readonly durability: Durability
  readonly clock: Clock
  readonly log: LevelLog
  readonly troubles: TroubleLog
  readonly verifyReads: VerifyReads
  readonly verified: VerifiedBlobs
  readonly etags: KnownEtags
}

type Writer = Pick<UpstreamContext, 'durability'> & { readonly engine: RowEngine }

/** In `strict`, resolves when the rows survive a power loss. Throws OperationAborted if a check fails. */
export async function writeDurably(
  { engine, durability }: Writer,
  writes: readonly Write[],
  checks: readonly Check[] = [],
): Promise<void> {
  try {
    const committed = await engine.commit({ checks, writes })
    if (committed === undefined) throw new ApiError('OperationAborted')
    if (durability === 'strict') await committed.flushed
  } catch (error) {
    throw asStorageError(error)
  }
}

/** Does the same with a transaction. */
export async function changeDurably<T>(
  { engine, durability }: Writer,
  body: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  try {
    const { result, committed } = await transact(engine, body)
    if (durability === 'strict') await committed.flushed
    return result
  } catch (error) {
    throw asStorageError(error)
  }
}
