/** Opens a STORAGE_ROOT: index, recovery, leftovers, adoption. Every process that opens it may do so at the same time. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { tryToRemoveFolder } from '#blobs/files.ts'
import { Layout } from '#blobs/layout.ts'
import { Spares } from '#blobs/spares.ts'
import { type Clock, systemClock } from '#lib/clock.ts'
import { DiskReserve } from '#lib/files/disk-reserve.ts'
import { closeFilesToOthers, makePrivateFolder } from '#lib/files/private-files.ts'
import { syncFolder } from '#lib/files/sync.ts'
import { ownCommand } from '#lib/program/package-root.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { isBucketName } from '#model/bucket.ts'
import type { ObjectVersion } from '#model/object.ts'
import { adoptBeforeRemoval, adoptFirst } from './adopt-first.ts'
import { scanAndTell, storeStatus } from './background.ts'
import { findSetting, putSetting } from './bucket-settings.ts'
import { bucketUsage, createBucket, deleteBucket, findBucket, getBucket, listBuckets, updateBucket } from './buckets.ts'
import { changeVersion } from './change-version.ts'
import type { Durability, StoreContext, StoreLog } from './context.ts'
import type { PutObject, Store } from './contract.ts'
import { deleteObject } from './delete.ts'
import { compareVersions, countLeftovers } from './fsck/compare-versions.ts'
import { listObjects, listVersions } from './listing.ts'
import { discardPart, listParts, putPart, stagePart, stagePartCopy } from './parts.ts'
import { putObject } from './publish.ts'
import { findVersion, headObject, listObjectParts, openObject } from './read.ts'
import { renameObject } from './rename.ts'
import { Settler } from './settler.ts'
import { discardStaged, stage, stageCopy } from './staging.ts'
import { removeAbandoned, StagingFolder, sortStaging } from './staging-folder.ts'
import { TroubleLog } from './trouble-log.ts'
import { abortUpload, completeUpload, createUpload, forgetCompleted, getUpload, listUploads } from './uploads.ts'
import { VerifiedFiles } from './verified-files.ts'
import type { VerifyReads } from './verify.ts'
import { Watcher } from './watcher.ts'

export type EngineName = 'lmdb' | 'memory'

export interface StoreOptions {
  readonly root: string
  readonly durability: Durability
  /** An engine that is open already is closed with the store. */
  readonly engine: EngineName | MetadataEngine
  readonly watch: boolean
  readonly log: StoreLog
  /** One process of those that share the root scans and watches. */
  readonly isPrimary: boolean
  /** Owner and region of buckets adopted from folders made by hand. */
  readonly ownerId?: string
  readonly region?: string
  /** Whether they block public access. */
  readonly blocksPublicAccess?: boolean
  readonly verifyReads?: VerifyReads
  /** The system's, unless given. */
  readonly clock?: Clock
}

const flushOf = { strict: 'each', relaxed: 'soon', none: 'never' } as const

export async function openStore(options: StoreOptions): Promise<Store> {
  const { context, close } = await openContext(options)
  await removeLeftovers(context)
  if (options.isPrimary) await tellOfNewIndex(context)
  const stopBackground = new AbortController()
  const { signal } = stopBackground
  const watcher = options.isPrimary ? watchBehind(context, options, signal) : undefined
  const stopRefills = options.isPrimary ? keepRefilled(context.reserve) : undefined
  return storeOver(context, options.watch, async () => {
    stopBackground.abort()
    await stopRefills?.()
    watcher?.close()
    await close()
  })
}

/** Index and files, with what an unclean end has interrupted finished. Nothing that is left over is removed. */
export async function openContext(
  options: Omit<StoreOptions, 'watch' | 'isPrimary'>,
): Promise<{ context: StoreContext; close(): Promise<void> }> {
  const { root, durability, log, clock = systemClock } = options
  const layout = new Layout(root)
  closeSystemFolder(layout)
  const reserve = reserveOf(layout)
  reserve.ensureFree(startBytes, startInodes)
  for (const folder of ['index', 'staging', 'uploads', 'versions', 'opaque']) {
    fs.mkdirSync(layout.system(folder), { recursive: true })
  }
  const engine =
    typeof options.engine === 'string' ? openEngine({ ...options, engine: options.engine }) : options.engine
  sortStaging(layout)
  const staging = reserve.withRoom(() => StagingFolder.open(layout))
  if (durability !== 'none') await syncFolder(layout.system('staging'))
  const spares = new Spares({ layout, newFileId: () => staging.newFileId() })
  const troubles = new TroubleLog(log)
  const settler = new Settler({ engine, layout, durability, log, spares, troubles, reserve })
  const { verifyReads = 'recent', region = 'us-east-1', blocksPublicAccess = false } = options
  const ownerId = options.ownerId ?? createHash('sha256').update('000000000000').digest('hex')
  const adopts = { ownerId, region, blocksPublicAccess }
  const common = {
    clock,
    engine,
    layout,
    durability,
    log,
    troubles,
    reserve,
    adopts,
    verifyReads,
    verified: new VerifiedFiles(),
  }
  const context: StoreContext = { ...common, settler, spares, staging }
  const recovered = await settler.recover()
  if (recovered > 0) log.info({ recovered }, 'finished writes that were interrupted')
  const close = async () => {
    await settler.close()
    await spares.close()
    staging.close()
    await engine.close()
  }
  return { context, close }
}

/** Also one of an older release, whose folder was open to all. */
function closeSystemFolder(layout: Layout): void {
  fs.mkdirSync(layout.root, { recursive: true })
  makePrivateFolder(layout.system())
  closeFilesToOthers(layout.system('config'))
}

/** So much a process needs to start, and to end what was interrupted. */
const startBytes = 2 * 1024 * 1024
const startInodes = 16

const reserveOf = (layout: Layout) => new DiskReserve(layout.system('reserve'))

const refillEveryMs = 10_000

/** A store that is open for a moment only makes none. */
function keepRefilled(reserve: DiskReserve): () => Promise<void> {
  const refill = () => void reserve.refill().catch(() => undefined)
  const first = setTimeout(refill, 1000).unref()
  const timer = setInterval(refill, refillEveryMs).unref()
  return () => {
    clearTimeout(first)
    clearInterval(timer)
    return reserve.stopRefilling()
  }
}

/** For those who keep rows of their own beside the store's. */
export function openEngine(options: { root: string; durability: Durability; engine: EngineName }): MetadataEngine {
  const { root, durability, engine } = options
  if (engine === 'memory') return openMemoryEngine()
  const layout = new Layout(root)
  closeSystemFolder(layout)
  const reserve = reserveOf(layout)
  // The lock file of LMDB is memory: where it finds no room, the process ends.
  reserve.ensureFree(startBytes, startInodes)
  fs.mkdirSync(layout.system('index'), { recursive: true })
  const path = layout.system('index')
  return openLmdbEngine({ path, flush: flushOf[durability], files: root, reserve, advice: adviceOnIndex })
}

/** Where it is damaged. */
export const adviceOnIndex =
  `Stop every server of this folder, and restore .myfsio.sys/index from a backup; or run \`${ownCommand} fsck --rebuild\`, ` +
  'which makes an index anew from the files in the bucket folders (without older versions, metadata and settings) and ' +
  'keeps the damaged one in .myfsio.sys/lost+found.'

/** A first start over folders with files is told as well: what the index would know of them is not there. */
async function tellOfNewIndex({ engine, layout, log }: StoreContext): Promise<void> {
  for (const range of [rowsOf('b'), rowsOf('g')]) if ((await engine.scan(range, { limit: 1 })).length > 0) return
  if ((await engine.get(rowKey('g', 'scan'))) !== undefined) return
  const folders = fs.readdirSync(layout.root, { withFileTypes: true })
  const buckets = folders.filter((entry) => entry.isDirectory() && isBucketName(entry.name)).length
  const hasKept = ['versions', 'opaque'].some((name) => fs.readdirSync(layout.system(name)).length > 0)
  if (buckets === 0 && !hasKept) return
  log.warn(
    { buckets, path: layout.system('index') },
    'there is no index: what is in the folders of buckets is adopted as files made by hand, without metadata, older versions and settings; to have these, stop the server and restore the index from a backup',
  )
}

/** The scan runs behind: the server is ready at once, and a read adopts what it needs by itself. */
function watchBehind(context: StoreContext, options: StoreOptions, signal: AbortSignal): Watcher | undefined {
  const scan = { ...context.adopts, signal }
  const watcher = options.watch ? new Watcher(context, scan) : undefined
  const run = async () => {
    try {
      watcher?.start()
      await scanAndTell(context, watcher?.scanOptions ?? scan)
    } catch (error) {
      if (!signal.aborted) context.log.warn({ err: error }, 'the scan for files changed by hand did not finish')
    }
  }
  setImmediate(() => void run())
  return watcher
}

/**
 * Removes staged files and upload folders that no row names: their process ended before the commit. Names are listed before the rows are
 * read, and every folder has its row before it is made, so that what a living process is about to use is never among them.
 */
async function removeLeftovers({ engine, layout, settler, log, clock }: StoreContext): Promise<void> {
  const folders = fs.readdirSync(layout.system('uploads'))
  const uploads = new Set<string>()
  for await (const { key } of eachRow(engine, rowsOf('u'))) uploads.add(rowParts(key)[2] ?? '')
  // A completion in between has left its row here.
  const named = await settler.namedFiles()
  removeAbandoned(layout, (fileId) => named.has(fileId), log)
  for (const name of folders) if (!uploads.has(name) && !named.has(name)) await tryToRemoveFolder(layout.upload(name))
  await forgetCompleted(engine, clock.nowMs())
}

/** A write to a versioned key keeps the file of the version before. */
async function adoptThenPut(context: StoreContext, put: PutObject): Promise<ObjectVersion> {
  try {
    await adoptFirst(context, put.bucket.name, put.key)
  } catch (error) {
    discardStaged(context, put.staged)
    throw error
  }
  return putObject(context, put)
}

function storeOver(context: StoreContext, watches: boolean, close: () => Promise<void>): Store {
  return {
    createBucket: (bucket) => createBucket(context, bucket),
    findBucket: (name) => findBucket(context.engine, name),
    getBucket: (name) => getBucket(context, name),
    listBuckets: (query) => listBuckets(context, query),
    updateBucket: (name, change) => updateBucket(context, name, change),
    findSetting: (bucket, name) => findSetting(context.engine, bucket, name),
    putSetting: (bucketName, name, value) => putSetting(context, bucketName, name, value),
    deleteBucket: (name) => deleteBucket(context, name, (key, uploadId) => abortUpload(context, name, key, uploadId)),
    bucketUsage: (name) => bucketUsage(context, name),
    stage: (body) => stage(context, body),
    stageCopy: (source, range, algorithms) => stageCopy(context, source, range, algorithms),
    discard: async (staged) => discardStaged(context, staged),
    putObject: (put) => {
      if (put.bucket.versioning === 'Unversioned') return putObject(context, put)
      return adoptThenPut(context, put)
    },
    findVersion: (bucket, key, versionId) => findVersion(context, bucket, key, versionId),
    headObject: (bucket, key, versionId) => headObject(context, bucket, key, versionId),
    openObject: (bucket, key, versionId) => openObject(context, bucket, key, versionId),
    changeVersion: (bucket, version, change) => changeVersion(context, bucket, version, change),
    listObjectParts: (_bucket, version, after, limit) => listObjectParts(context, version, after, limit),
    deleteObject: async (remove) => {
      const damaged = await adoptBeforeRemoval(context, remove.bucket.name, remove.key)
      return deleteObject(context, remove, damaged)
    },
    renameObject: async (rename) => {
      if (rename.bucket.versioning !== 'Unversioned') await adoptFirst(context, rename.bucket.name, rename.to)
      return renameObject(context, rename)
    },
    listObjects: (query) => listObjects(context, query),
    listVersions: (query) => listVersions(context, query),
    createUpload: (upload) => createUpload(context, upload),
    getUpload: (bucket, key, uploadId) => getUpload(context, bucket, key, uploadId),
    listUploads: (query) => listUploads(context, query),
    stagePart: (upload, partNumber, body) => stagePart(context, upload, partNumber, body),
    stagePartCopy: (upload, partNumber, source, range, algorithms) =>
      stagePartCopy(context, upload, partNumber, source, range, algorithms),
    discardPart: (upload, staged) => discardPart(context, upload, staged),
    putPart: (upload, staged, checksum) => putPart(context, upload, staged, checksum),
    listParts: (upload, after, limit) => listParts(context, upload, after, limit),
    completeUpload: async (complete) => {
      if (complete.bucket.versioning !== 'Unversioned') await adoptFirst(context, complete.bucket.name, complete.key)
      return completeUpload(context, complete)
    },
    abortUpload: (bucket, key, uploadId, ifInitiatedMs) => abortUpload(context, bucket, key, uploadId, ifInitiatedMs),
    compareVersions: (stretch) => compareVersions(context, stretch),
    countLeftovers: (signal) => countLeftovers(context, signal),
    status: () => storeStatus(context, watches),
    close,
  }
}
