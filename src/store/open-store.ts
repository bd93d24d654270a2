/** Opens a STORAGE_ROOT: index, recovery, leftovers, adoption. Every process that opens it may do so at the same time. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { hasCode, moveFileBelow } from '#blobs/files.ts'
import { Layout } from '#blobs/layout.ts'
import { Spares } from '#blobs/spares.ts'
import { isLivingProcess } from '#lib/living-process.ts'
import { closeFilesToOthers, makePrivateFolder } from '#lib/private-files.ts'
import { syncFolder } from '#lib/sync.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { openLmdbEngine } from '#metadata/lmdb-engine.ts'
import { openMemoryEngine } from '#metadata/memory-engine.ts'
import { rowParts, rowsOf } from '#metadata/tables.ts'
import { backgroundWork, scanAndTell } from './background.ts'
import { bucketUsage, createBucket, deleteBucket, findBucket, getBucket, listBuckets, updateBucket } from './buckets.ts'
import { changeVersion } from './change-version.ts'
import type { Durability, StoreContext, StoreLog } from './context.ts'
import type { Store } from './contract.ts'
import { deleteObject } from './delete.ts'
import { listObjects, listVersions } from './listing.ts'
import { discardPart, listParts, putPart, stagePart, stagePartCopy } from './parts.ts'
import { putObject } from './publish.ts'
import { findVersion, headObject, listObjectParts, openObject } from './read.ts'
import { renameObject } from './rename.ts'
import { Settler } from './settler.ts'
import { discardStaged, newFileId, stage, stageCopy, stagingOwner } from './staging.ts'
import { abortUpload, completeUpload, createUpload, forgetCompleted, getUpload, listUploads } from './uploads.ts'
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
}

const flushOf = { strict: 'each', relaxed: 'soon', none: 'never' } as const

const dayMs = 24 * 60 * 60 * 1000

export async function openStore(options: StoreOptions): Promise<Store> {
  const { root, durability, log } = options
  const layout = new Layout(root)
  closeSystemFolder(layout)
  for (const folder of ['index', 'staging', 'uploads', 'versions', 'opaque']) {
    fs.mkdirSync(layout.system(folder), { recursive: true })
  }
  const engine =
    typeof options.engine === 'string' ? openEngine({ ...options, engine: options.engine }) : options.engine
  sortStaging(layout)
  const spares = new Spares({ layout, newFileId })
  const settler = new Settler({ engine, layout, durability, log, spares })
  const context: StoreContext = { engine, layout, settler, spares, durability, log }
  const recovered = await settler.recover()
  if (recovered > 0) log.info({ recovered }, 'finished writes that were interrupted')
  await removeLeftovers(context)
  const stopScan = new AbortController()
  const watcher = options.isPrimary ? watchBehind(context, options, stopScan.signal) : undefined
  return storeOver(context, async () => {
    stopScan.abort()
    watcher?.close()
    await settler.close()
    await spares.close()
    await engine.close()
  })
}

/** Also one of an older release, whose folder was open to all. */
function closeSystemFolder(layout: Layout): void {
  fs.mkdirSync(layout.root, { recursive: true })
  makePrivateFolder(layout.system())
  closeFilesToOthers(layout.system('config'))
}

/** For those who keep rows of their own beside the store's. */
export function openEngine(options: { root: string; durability: Durability; engine: EngineName }): MetadataEngine {
  const { root, durability, engine } = options
  if (engine === 'memory') return openMemoryEngine()
  const layout = new Layout(root)
  closeSystemFolder(layout)
  fs.mkdirSync(layout.system('index'), { recursive: true })
  return openLmdbEngine({ path: layout.system('index'), flush: flushOf[durability], files: root })
}

/** The scan runs behind: the server is ready at once, and a read adopts what it needs by itself. */
function watchBehind(context: StoreContext, options: StoreOptions, signal: AbortSignal): Watcher | undefined {
  const scan = {
    ownerId: options.ownerId ?? createHash('sha256').update('000000000000').digest('hex'),
    region: options.region ?? 'us-east-1',
    blocksPublicAccess: options.blocksPublicAccess ?? false,
    signal,
  }
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

/** The first releases staged all files side by side; a write of theirs that was interrupted is still to be finished. */
function sortStaging(layout: Layout): void {
  const folder = layout.system('staging')
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) moveFileBelow(folder, join(folder, entry.name), layout.staging(entry.name))
  }
}

/** Staged files and upload folders that nothing refers to: their process died before the commit. */
async function removeLeftovers(context: StoreContext): Promise<void> {
  const { engine, layout, durability, log } = context
  for (const owner of fs.readdirSync(layout.system('staging'))) {
    if (!isOfOther(owner)) removeStaged(layout.stagingFolder(owner), log)
  }
  fs.mkdirSync(layout.stagingFolder(stagingOwner), { recursive: true })
  if (durability !== 'none') await syncFolder(layout.system('staging'))
  const uploads = new Set<string>()
  for (const { key } of await engine.scan(rowsOf('u'))) {
    uploads.add(rowParts(key)[2] ?? '')
  }
  const now = Date.now()
  for (const name of fs.readdirSync(layout.system('uploads'))) {
    const isFresh = now - Number.parseInt(name.slice(0, 12), 16) < 60_000
    if (!uploads.has(name) && !isFresh) fs.rmSync(layout.upload(name), { recursive: true, force: true })
  }
  for (const { key } of await engine.scan(rowsOf('b'))) {
    await forgetCompleted(context, rowParts(key)[0] ?? '', now - dayMs)
  }
}

function removeStaged(folder: string, log: StoreLog): void {
  try {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) fs.rmSync(path, { force: true })
      // Nobody stages folders: one was exchanged with a file (blobs/files.ts), and its process ended before it gave it back.
      else log.error({ path }, 'a folder of objects was left in staging; move it back to its bucket')
    }
    fs.rmdirSync(folder)
  } catch (error) {
    // Another process that starts may be about the same.
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error
  }
}

/** Whether another process, which lives, stages there. */
const isOfOther = (owner: string): boolean => owner !== stagingOwner && isLivingProcess(Number.parseInt(owner, 36))

function storeOver(context: StoreContext, close: () => Promise<void>): Store {
  return {
    createBucket: (bucket) => createBucket(context, bucket),
    findBucket: (name) => findBucket(context.engine, name),
    getBucket: (name) => getBucket(context, name),
    listBuckets: (query) => listBuckets(context, query),
    updateBucket: (name, change) => updateBucket(context, name, change),
    deleteBucket: (name) => deleteBucket(context, name, (key, uploadId) => abortUpload(context, name, key, uploadId)),
    bucketUsage: (name) => bucketUsage(context, name),
    stage: (body) => stage(context, body),
    stageCopy: (source, range, algorithms) => stageCopy(context, source, range, algorithms),
    discard: async (staged) => discardStaged(context, staged),
    putObject: (put) => putObject(context, put),
    findVersion: (bucket, key, versionId) => findVersion(context, bucket, key, versionId),
    headObject: (bucket, key, versionId) => headObject(context, bucket, key, versionId),
    openObject: (bucket, key, versionId) => openObject(context, bucket, key, versionId),
    changeVersion: (bucket, version, change) => changeVersion(context, bucket, version, change),
    listObjectParts: (_bucket, version, after, limit) => listObjectParts(context, version, after, limit),
    deleteObject: (remove) => deleteObject(context, remove),
    renameObject: (rename) => renameObject(context, rename),
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
    completeUpload: (complete) => completeUpload(context, complete),
    abortUpload: (bucket, key, uploadId, ifInitiatedMs) => abortUpload(context, bucket, key, uploadId, ifInitiatedMs),
    backgroundWork: () => backgroundWork(context),
    close,
  }
}
