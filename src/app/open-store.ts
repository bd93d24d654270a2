/** Opens a STORAGE_ROOT, or a store in memory. Several processes may open a root at the same time. */
import { createHash } from 'node:crypto'
import type { BlobStore, Durability, VerifyReads } from '#blobs/contract/blob-store.ts'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { prepareSystemFolder } from '#blobs/files/place/system-folder.ts'
import { PlainFiles, type PlainFilesOptions } from '#blobs/files/plain-files.ts'
import { MemoryBlobs } from '#blobs/memory/memory-blobs.ts'
import { sealedOver } from '#blobs/sealed/sealed-over.ts'
import { TroubleLog } from '#blobs/trouble-log.ts'
import type { UpstreamSettings } from '#blobs/upstream/client/settings.ts'
import { type Clock, systemClock } from '#lib/clock.ts'
import type { DiskReserve } from '#lib/files/disk-reserve.ts'
import type { LevelLog } from '#lib/log/level-log.ts'
import { ownCommand } from '#lib/program/package-root.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { isLocalEngine, type LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { storeKey } from '#metadata/store-key.ts'
import { movingKey } from '#migrate/move/move-rows.ts'
import { type AdoptionDefaults, openDefaults } from '#model/bucket/new-bucket.ts'
import { sweepLoneSets } from '#store/annotations/annotation-rows.ts'
import type { StoreContext } from '#store/context.ts'
import type { Store } from '#store/contract.ts'
import { ownerOver, storeOver } from '#store/store.ts'
import { forgetCompleted } from '#store/uploads/complete-upload.ts'
import { startBackground } from './background.ts'

export type EngineName = 'lmdb' | 'memory'

export interface StoreOptions {
  /** Undefined: nothing is stored in files. */
  readonly root: string | undefined
  readonly durability: Durability
  /** An engine that is open already is closed with the store. */
  readonly engine: MetadataEngine | EngineName
  readonly watch: boolean
  readonly log: LevelLog
  /** Only one of the processes that share the root scans and watches. */
  readonly isPrimary: boolean
  /** Owner and region of buckets adopted from folders made by hand. */
  readonly ownerId?: string
  readonly region?: string
  /** More defaults of adopted buckets; none unless given. */
  readonly bucketDefaults?: AdoptionDefaults
  readonly verifyReads?: VerifyReads
  /** The S3 store that keeps the bytes; absent: they are plain files. */
  readonly upstream?: UpstreamSettings | undefined
  /** The system clock, unless given. */
  readonly clock?: Clock
}

export async function openStore(options: StoreOptions): Promise<Store> {
  const { context, reserve, close } = await openContext(options)
  await assertWhole(context, close)
  await context.blobs.removeAbandoned()
  await forgetCompleted(context.engine, context.clock.nowMs())
  await sweepLoneSets(context.engine, context.clock.nowMs())
  const stopBackground = options.isPrimary ? await startBackground(context, reserve, options) : undefined
  return storeOver(context, options.watch, async () => {
    await stopBackground?.()
    await close()
  })
}

async function assertWhole({ engine }: StoreContext, close: () => Promise<void>): Promise<void> {
  if ((await engine.get(movingKey)) === undefined) return
  await close()
  throw new StartRefused(
    'A store is being moved here, and that has not ended: run the same `myfsio migrate` again before a server is started.',
  )
}

export interface OpenContext {
  readonly context: StoreContext
  /** The reserve on the volume, if there are files. */
  readonly reserve: DiskReserve | undefined
  close(): Promise<void>
}

type ContextOptions = Omit<StoreOptions, 'watch' | 'isPrimary'> & Partial<Pick<StoreOptions, 'isPrimary'>>

/** Opens index and bytes, and finishes writes that an unclean end has interrupted. Removes no leftovers. */
export async function openContext(options: ContextOptions): Promise<OpenContext> {
  const { durability, log, clock = systemClock } = options
  const { engine, blobs, reserve } = await openParts({ ...options, clock })
  const { region = 'us-east-1', bucketDefaults: defaults = openDefaults } = options
  const ownerId = options.ownerId ?? createHash('sha256').update('000000000000').digest('hex')
  const adopts = { ownerId, region, defaults }
  const sealed = sealedOver(blobs)
  const context: StoreContext = { clock, engine, blobs, sealed, durability, log, troubles: new TroubleLog(log), adopts }
  const recovered = await blobs.start(ownerOver(context))
  if (recovered > 0) log.info({ recovered }, 'finished writes that were interrupted')
  const close = async () => {
    await blobs.close()
    await engine.close()
  }
  return { context, reserve, close }
}

type Parts = { readonly engine: MetadataEngine; readonly blobs: BlobStore; readonly reserve: DiskReserve | undefined }

async function openParts(options: Parameters<typeof openContext>[0] & { readonly clock: Clock }): Promise<Parts> {
  const { root, durability, verifyReads = 'recent' } = options
  if (root === undefined) {
    const engine = typeof options.engine === 'string' ? openMemoryEngine() : options.engine
    return { engine, blobs: new MemoryBlobs(), reserve: undefined }
  }
  const layout = new Layout(root)
  const reserve = prepareSystemFolder(layout)
  const engine =
    typeof options.engine === 'string' ? openEngine({ root, durability, engine: options.engine }) : options.engine
  const blobs = await openBlobs({ ...options, layout, engine, reserve, verifyReads })
  return { engine, blobs, reserve }
}

async function openBlobs(
  options: Omit<PlainFilesOptions, 'engine'> & {
    readonly engine: MetadataEngine
    readonly upstream?: UpstreamSettings | undefined
    readonly isPrimary?: boolean
  },
): Promise<BlobStore> {
  const { engine, upstream: settings } = options
  if (settings !== undefined) {
    // Loaded only when needed: the package is large.
    const { UpstreamBlobs } = await import('#blobs/upstream/upstream-blobs.ts')
    return UpstreamBlobs.open({ ...options, settings })
  }
  // Missing files would count as removed by hand.
  if ((await engine.get(storeKey)) !== undefined) throw new StartRefused(bytesElsewhere)
  if (!isLocalEngine(engine)) throw new Error('plain files need an index on the same machine')
  return PlainFiles.open({ ...options, engine })
}

const bytesElsewhere =
  'The bytes of this index are in an S3 store: start with the BLOBS_URL that it was made with, or with another STORAGE_ROOT.'

const flushOf = { strict: 'each', relaxed: 'soon', none: 'never' } as const

/** Opens an engine for callers that keep their own rows beside those of the store. */
export function openEngine(options: { root: string; durability: Durability; engine: EngineName }): LocalEngine {
  const { root, durability, engine } = options
  if (engine === 'memory') return openMemoryEngine()
  const layout = new Layout(root)
  const reserve = prepareSystemFolder(layout)
  const path = layout.system('index')
  return openLmdbEngine({ path, flush: flushOf[durability], files: root, reserve, advice: adviceOnIndex })
}

/** Advice for a damaged index. */
export const adviceOnIndex =
  `Stop every server of this folder, and restore .myfsio.sys/index from a backup; or run \`${ownCommand} fsck --rebuild\`, ` +
  'which makes an index anew from the files in the bucket folders (without older versions, metadata and settings) and ' +
  'keeps the damaged one in .myfsio.sys/lost+found.'
