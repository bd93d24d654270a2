/**
 * Removes files that nobody needs any more, a batch at a time, in a thread of its own. To give back a file's blocks is all that takes
 * long about it: ext4 without a journal waits while it tells the disk (mount option `discard`), for a millisecond or more. A thread of
 * its own, since to hand each file to Node's thread pool costs more than to remove it.
 */
import { Worker } from 'node:worker_threads'
import { tryToRemove } from './files.ts'

const gatherMs = 100
/** Beyond it whoever comes removes its file itself. */
const pathsMax = 2000

/** Source text, as that of a digest lane. Takes a list of paths, and answers when none is left; what cannot be removed stays. */
const workerSource = `'use strict'
const { unlinkSync } = require('node:fs')
const { parentPort } = require('node:worker_threads')
parentPort.on('message', (paths) => {
  for (const path of paths) try { unlinkSync(path) } catch {}
  parentPort.postMessage('removed')
})
`

class Batch {
  readonly paths: readonly string[]
  readonly removed: Promise<void>
  done: () => void = () => undefined

  constructor(paths: readonly string[]) {
    this.paths = paths
    this.removed = new Promise((resolve) => {
      this.done = resolve
    })
  }
}

export class Remover {
  #gathered: string[] = []
  /** Handed to the worker and not answered yet, oldest first. */
  readonly #batches: Batch[] = []
  /** Of paths, gathered or handed over. */
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #worker: Worker | undefined

  /** A file, or a symbolic link, whose name nobody uses again. */
  remove(path: string): void {
    if (this.#count >= pathsMax) {
      tryToRemove(path)
      return
    }
    this.#count++
    this.#gathered.push(path)
    this.#timer ??= setTimeout(() => this.#handOver(), gatherMs).unref()
  }

  /** Resolves when all that was asked for so far has been removed. */
  async finish(): Promise<void> {
    this.#handOver()
    const last = this.#batches.at(-1)
    if (last === undefined) return
    this.#worker?.ref()
    await last.removed
    if (this.#batches.length === 0) this.#worker?.unref()
  }

  async close(): Promise<void> {
    await this.finish()
    await this.#worker?.terminate()
  }

  #handOver(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#gathered.length === 0) return
    const batch = new Batch(this.#gathered)
    this.#gathered = []
    this.#batches.push(batch)
    this.#worker ??= this.#start()
    this.#worker.postMessage(batch.paths)
  }

  #start(): Worker {
    const worker = new Worker(workerSource, { eval: true, execArgv: [] })
    worker.unref()
    worker.on('message', () => this.#settle())
    const bury = () => {
      if (this.#worker === worker) this.#worker = undefined
      while (this.#batches.length > 0) {
        for (const path of this.#batches[0]?.paths ?? []) tryToRemove(path)
        this.#settle()
      }
    }
    worker.on('error', bury)
    worker.on('exit', bury)
    return worker
  }

  /** The oldest batch has been removed. */
  #settle(): void {
    const batch = this.#batches.shift()
    if (batch === undefined) return
    this.#count -= batch.paths.length
    batch.done()
  }
}
