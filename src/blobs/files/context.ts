import type { Durability, VerifyReads } from '#blobs/contract/blob-store.ts'
import type { BlobOwner } from '#blobs/contract/foreign.ts'
import type { TroubleLog } from '#blobs/trouble-log.ts'
import type { Clock } from '#lib/clock.ts'
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import type { VerifiedFiles } from './checks/verified-files.ts'
import type { Layout } from './place/layout.ts'
import type { Settler } from './settling/settler.ts'
import type { Spares } from './staging/spares.ts'
import type { StagingFolder } from './staging/staging-folder.ts'

/** What every part of the plain-file store works with. */
export interface FilesContext {
  readonly clock: Clock
  readonly engine: LocalEngine
  readonly layout: Layout
  readonly settler: Settler
  readonly spares: Spares
  readonly staging: StagingFolder
  readonly durability: Durability
  readonly log: LevelLog
  readonly troubles: TroubleLog
  readonly reserve: DiskReserve
  readonly verifyReads: VerifyReads
  readonly verified: VerifiedFiles
  /** The store above, which decides about files that were changed by hand. Set when that store is created. */
  readonly owner: BlobOwner
}
