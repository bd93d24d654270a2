/**
 * Small files that others have replaced, kept for a while to be written again: to make a file and to remove another takes a tenth of the
 * time of a small write, and to give back a file's blocks makes ext4 without a journal wait for the disk (mount option `discard`).
 *
 * Nobody may find another object's bytes in a file that he knows. So a replaced file becomes a spare, under a new name, only if nobody
 * has it open and it has no other name. A power loss may bring the old name back, which then leads to bytes of another: but what has
 * replaced the file is flushed, and the log has its bytes, so that a start writes them there. What cannot be a spare is removed. All this
 * is done in a thread of its own, a batch at a time.
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
/** From one that is written, nothing of its blocks is given back, which would take as long as to remove it. */
const blockBytes = 4096
const gatherMs = 100
/** Beyond it whoever comes removes its file itself. */
const backlogMax = 2000
/** So long a spare that nobody has needed is kept. */
const idleMs = 10_000

/** A file in staging. */
export interface Spare {
  readonly fileId: string
  readonly sizeBytes: number
}

/** Told by its time, which no file has that was written. */
export const isSpare = ({ mtimeMs }: Pick<Stats, 'mtimeMs'>): boolean => mtimeMs === 0

interface Batch {
  readonly paths: readonly string[]
  /** Of what may become spares. */
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
  /** Handed to the worker and not answered yet, oldest first. */
  readonly #batches: Batch[] = []
  /** Of paths, gathered or handed over. */
  #backlog = 0
  #lastHandedOver: Promise<void> = Promise.resolve()
  #worker: Worker | undefined
  #gatherTimer: NodeJS.Timeout | undefined
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: SparesOptions) {
    this.#options = options
  }

  /** One of as many blocks as so many bytes take. It is the caller's from now on. */
  take(sizeBytes: number): Spare | undefined {
    const spare = this.#byBlocks.get(blocksOf(sizeBytes))?.pop()
    if (spare === undefined) return undefined
    this.#count--
    this.#bytes -= spare.sizeBytes
    return spare
  }

  /** Takes a replaced file, whose name nobody uses again. */
  recycle(path: string): void {
    if (this.#backlog >= backlogMax) {
      tryToRemove(path)
      return
    }
    this.#backlog++
    this.#gathered.push(path)
    this.#gatherTimer ??= setTimeout(() => this.#handOverGathered(), gatherMs).unref()
  }

  /** The same of one in another folder, whose name is gone when this returns. */
  recycleFrom(path: string): void {
    const staged = this.#options.layout.staging(this.#options.newFileId())
    unprotectFile(path)
    fs.renameSync(path, staged)
    this.recycle(staged)
  }

  /** Resolves when each file that was taken so far is a spare, or has been removed. */
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
        // Some may have got their new names already.
        for (const path of [...paths, ...fileIds.map((id) => this.#options.layout.staging(id))]) tryToRemove(path)
      }
      while (this.#batches.length > 0) this.#receive([])
    }
    worker.on('error', bury)
    worker.on('exit', bury)
    return worker
  }

  /** Of the oldest batch. */
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
