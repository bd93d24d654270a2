import type { VerifiedFiles } from '#blobs/files/checks/verified-files.ts'
import type { VerifyReads } from '#blobs/files/checks/verify.ts'
import type { Settler } from '#blobs/files/moves/settler.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import type { Spares } from '#blobs/files/staging/spares.ts'
import type { StagingFolder } from '#blobs/files/staging/staging-folder.ts'
import { asStorageError } from '#blobs/files/storage-error.ts'
import type { TroubleLog } from '#blobs/files/trouble-log.ts'
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { type Transaction, transact } from '#metadata/transact.ts'

export type Durability = 'strict' | 'relaxed' | 'none'

export interface StoreLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What every part of the store works with. */
export interface StoreContext {
  readonly engine: MetadataEngine
  readonly layout: Layout
  readonly settler: Settler
  readonly spares: Spares
  readonly staging: StagingFolder
  readonly durability: Durability
  readonly log: StoreLog
  readonly troubles: TroubleLog
  readonly reserve: DiskReserve
  /** Owner and region of buckets whose folders have no record. */
  readonly adopts: { readonly ownerId: string; readonly region: string; readonly blocksPublicAccess: boolean }
  readonly verifyReads: VerifyReads
  readonly verified: VerifiedFiles
}

/** A transaction that may be acknowledged when this resolves: after the flush in `strict`, at once otherwise. */
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
