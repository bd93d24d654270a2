/**
 * Small files that were replaced, kept for a while to be overwritten by new objects. To create a file and to remove
 * another takes 10 % of the time of a small write, and freeing the blocks of a file makes ext4 without a journal wait
 * for the disk (mount option `discard`).
 *
 * A program that has the old file open must never see the bytes of another object. So a replaced file becomes a spare,
 * under a new name, only if no process has it open and it has no other name. After a power loss the old name may exist
 * again with the new bytes. But the write that replaced the file is durable, and its bytes are in the log, so that a
 * start writes them there again. Files that cannot be spares are removed. This happens in a separate thread, in
 * batches.
 */
import fs, { type Stats } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { tryToRemove, unprotectFile } from '#blobs/files/io/file-operations.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { programFile } from '#lib/program/program-file.ts'
import { limits } from '#model/limits.ts'
import type { SparesAnswer, SparesMessage, SparesWorkerData } from './spares-worker.ts'

const countMax = 1000
const bytesMax = 16 * 1024 * 1024
/**
 * A spare is used for a file with the same number of blocks: freeing blocks would take as long as removing the file.
 */
const blockBytes = 4096
const gatherMs = 100
/** With a longer backlog, a replaced file is removed at once by its writer. */
const backlogMax = 2000
/** A spare that is not used for this time is removed. */
const idleMs = 10_000

/** A file in staging. */
export interface Spare {
  readonly fileId: string
  readonly sizeBytes: number
}

/** Spares have the time 0, which a written file never has. */
export const isSpare = ({ mtimeMs }: Pick<Stats, 'mtimeMs'>): boolean => mtimeMs === 0

interface Batch {
  readonly paths: readonly string[]
  /** Ids of the files that may become spares. */
  readonly fileIds: readonly string[]
  readonly done: () => void
}

interface SparesOptions {
  readonly layout: Layout
  readonly newFileId: () => string
}

export class Spares {
  readonly #options: SparesOptions
  readonly #byBlocks = new Map<number, Spare[]>()
  #count = 0
  #bytes = 0
  #gathered: string[] = []
  /** Sent to the worker and not answered yet, oldest first. */
  readonly #batches: Batch[] = []
  /** The number of paths that were collected or sent to the worker. */
  #backlog = 0
  #lastHandedOver: Promise<void> = Promise.resolve()
  #worker: Worker | undefined
  #gatherTimer: NodeJS.Timeout | undefined
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: SparesOptions) {
    this.#options = options
  }

  /** A spare with as many blocks as `sizeBytes` needs. It belongs to the caller from now on. */
  take(sizeBytes: number): Spare | undefined {
    const spare = this.#byBlocks.get(blocksOf(sizeBytes))?.pop()
    if (spare === undefined) return undefined
    this.#count--
    this.#bytes -= spare.sizeBytes
    return spare
  }

  /** Takes a replaced file whose name is not used again. */
  recycle(path: string): void {
    if (this.#backlog >= backlogMax) {
      tryToRemove(path)
      return
    }
    this.#backlog++
    this.#gathered.push(path)
    this.#gatherTimer ??= setTimeout(() => this.#handOverGathered(), gatherMs).unref()
  }

  /** The same for a file in another folder. Its old name no longer exists when this returns. */
  recycleFrom(path: string): void {
    const staged = this.#options.layout.staging(this.#options.newFileId())
    unprotectFile(path)
    fs.renameSync(path, staged)
    this.recycle(staged)
  }

  /** Resolves when each file taken so far is a spare or has been removed. */
  async finish(): Promise<void> {
    this.#handOverGathered()
    if (this.#batches.length === 0) return
    this.#worker?.ref()
    await this.#lastHandedOver
    if (this.#batches.length === 0) this.#worker?.unref()
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer)
    this.#drop()
    await this.finish()
    await this.#worker?.terminate()
  }

  #handOverGathered(): void {
    clearTimeout(this.#gatherTimer)
    this.#gatherTimer = undefined
    const paths = this.#gathered
    if (paths.length === 0) return
    this.#gathered = []
    this.#handOver(paths, paths.map(this.#options.newFileId))
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.#drop(), idleMs).unref()
  }

  /** Removes all spares. */
  #drop(): void {
    const paths = [...this.#byBlocks.values()].flat().map(({ fileId }) => this.#options.layout.staging(fileId))
    this.#byBlocks.clear()
    this.#count = 0
    this.#bytes = 0
    this.#backlog += paths.length
    if (paths.length > 0) this.#handOver(paths, [])
  }

  #handOver(paths: readonly string[], fileIds: readonly string[]): void {
    this.#worker ??= this.#start()
    this.#lastHandedOver = new Promise((done) => this.#batches.push({ paths, fileIds, done }))
    const { layout } = this.#options
    const message: SparesMessage = {
      files: paths.map((path, i) => [path, fileIds[i] === undefined ? undefined : layout.staging(fileIds[i])]),
      countMax: countMax - this.#count,
      bytesMax: bytesMax - this.#bytes,
    }
    this.#worker.postMessage(message)
  }

  #start(): Worker {
    const workerData: SparesWorkerData = { sizeMax: limits.inlineBytes }
    const worker = new Worker(programFile('spares-worker'), { execArgv: [], workerData })
    worker.unref()
    worker.on('message', (sizes: SparesAnswer) => this.#receive(sizes))
    const bury = () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const { paths, fileIds } of this.#batches) {
        // Some files may have their new names already.
        for (const path of [...paths, ...fileIds.map((id) => this.#options.layout.staging(id))]) tryToRemove(path)
      }
      while (this.#batches.length > 0) this.#receive([])
    }
    worker.on('error', bury)
    worker.on('exit', bury)
    return worker
  }

  /** The worker's answer to the oldest batch. */
  #receive(sizes: SparesAnswer): void {
    const batch = this.#batches.shift()
    if (batch === undefined) return
    for (const [i, sizeBytes] of sizes.entries()) {
      const fileId = batch.fileIds[i]
      if (fileId !== undefined && sizeBytes >= 0) this.#add({ fileId, sizeBytes })
    }
    this.#backlog -= batch.paths.length
    batch.done()
  }

  #add(spare: Spare): void {
    const blocks = blocksOf(spare.sizeBytes)
    const others = this.#byBlocks.get(blocks)
    if (others === undefined) this.#byBlocks.set(blocks, [spare])
    else others.push(spare)
    this.#count++
    this.#bytes += spare.sizeBytes
  }
}

const blocksOf = (sizeBytes: number) => Math.ceil(sizeBytes / blockBytes)
