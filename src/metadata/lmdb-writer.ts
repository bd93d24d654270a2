/**
 * Commits to LMDB in a thread of their own. LMDB flushes within the call that commits, and whoever calls waits for the disk: on the
 * event loop that was a third of the time of a small write. What comes during one transaction goes into the next together: that makes
 * groups large and flushes few.
 */
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { RootDatabaseOptionsWithPath } from 'lmdb'
import type { Bytes, Check, Write } from './engine.ts'
import { cut, keyBytesMax } from './lmdb-keys.ts'
import { lmdbWriterSource } from './lmdb-writer-source.ts'

export interface Commit {
  readonly checks: readonly Check[]
  readonly writes: readonly Write[]
}

interface Waiting {
  readonly commit: Commit
  resolve(isApplied: boolean): void
  reject(error: Error): void
}

interface Answer {
  readonly applied?: readonly boolean[]
  readonly failure?: unknown
}

export class LmdbWriter {
  readonly #options: RootDatabaseOptionsWithPath
  readonly #onCommit: () => void
  #worker: Worker | undefined
  /** For the next transaction. */
  #gathered: Waiting[] = []
  /** Of the transaction that is under way. */
  #sent: Waiting[] = []
  #onIdle: (() => void)[] = []

  /** `onCommit` is called before anybody hears of a commit that can be seen now. */
  constructor(options: RootDatabaseOptionsWithPath, onCommit: () => void) {
    this.#options = options
    this.#onCommit = onCommit
  }

  /** True once the commit is on disk (if LMDB was opened with flushes); false if a check did not hold, and nothing was written. */
  commit(commit: Commit): Promise<boolean> {
    return new Promise((resolve, reject) => {
      // One turn of the event loop lets requests that arrived together share the transaction.
      if (this.#gathered.push({ commit, resolve, reject }) === 1 && this.#sent.length === 0)
        setImmediate(() => this.#send())
    })
  }

  /** Waits for what was asked before. */
  async close(): Promise<void> {
    if (this.#gathered.length + this.#sent.length > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    const hasEnded = new Promise((resolve) => worker.once('exit', resolve))
    worker.ref()
    worker.postMessage(null)
    await hasEnded
  }

  #send(): void {
    this.#sent = this.#gathered
    this.#gathered = []
    try {
      this.#worker ??= this.#start()
      // The thread keeps the process alive only while somebody waits for it.
      this.#worker.ref()
      const packed = pack(this.#sent.map(({ commit }) => commit))
      this.#worker.postMessage(packed, [packed.shape.buffer, packed.bytes.buffer])
    } catch (error) {
      this.#finish({ failure: error })
    }
  }

  #start(): Worker {
    const lmdb = createRequire(import.meta.url).resolve('lmdb')
    const workerData = { lmdb, keyBytesMax, options: this.#options }
    const worker = new Worker(lmdbWriterSource, { eval: true, execArgv: [], workerData })
    worker.on('message', (answer: Answer) => this.#finish(answer))
    // The next commit starts another.
    const die = (failure: unknown) => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#finish({ failure })
    }
    worker.on('error', die)
    worker.on('exit', (code) => die(new Error(`its thread ended with code ${code}`)))
    return worker
  }

  #finish({ applied, failure }: Answer): void {
    this.#onCommit()
    const finished = this.#sent
    this.#sent = []
    if (this.#gathered.length > 0) this.#send()
    else {
      this.#worker?.unref()
      for (const resolve of this.#onIdle.splice(0)) resolve()
    }
    for (const [i, { resolve, reject }] of finished.entries()) {
      if (applied === undefined) reject(new Error('the index could not be written', { cause: failure }))
      else resolve(applied[i] === true)
    }
  }
}

interface Packed {
  /** For each commit: number of checks, of writes; for each check 1 if a range; for each write 1 if a sum; lengths, -1 if nothing. */
  readonly shape: Int32Array<ArrayBuffer>
  /** Keys and values one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** As two pieces of memory, which change hands without being copied: a message of many small views costs many times as much. */
function pack(commits: readonly Commit[]): Packed {
  const shape: number[] = []
  const pieces: Bytes[] = []
  let sizeBytes = 0
  const add = (piece: Bytes | undefined) => {
    shape.push(piece === undefined ? -1 : piece.byteLength)
    if (piece === undefined) return
    pieces.push(piece)
    sizeBytes += piece.byteLength
  }
  for (const { checks, writes } of commits) {
    shape.push(checks.length, writes.length)
    for (const check of checks) {
      const isRange = 'empty' in check
      shape.push(isRange ? 1 : 0)
      add(isRange ? cut(check.empty.start) : check.key)
      add(isRange ? cut(check.empty.end) : check.is)
    }
    for (const write of writes) {
      const isSum = 'add' in write
      shape.push(isSum ? 1 : 0)
      add(write.key)
      add(isSum ? Buffer.from(JSON.stringify(write.add)) : write.value)
    }
  }
  const bytes = new Uint8Array(sizeBytes)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.byteLength
  }
  return { shape: Int32Array.from(shape), bytes }
}
