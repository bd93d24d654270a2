/**
 * Collects lines of the log for a few milliseconds and writes them together, since a write for each line costs more
 * than the line. The rest is written at exit; only a killed process loses the lines of these milliseconds.
 */
import fs from 'node:fs'

const gatherMs = 4
/** Lines are encoded at once: waiting texts cost the garbage collector more than all the rest. */
const chunkBytes = 32 * 1024
/**
 * A blocked reader must not fill the memory: lines beyond this are counted, and the count is reported once it reads
 * again.
 */
const waitingMaxBytes = 16 * 1024 * 1024
const retryMs = 20
const retriesAtExit = 250
const reopenMs = 5000
/** A pipe takes as much in one piece. */
const pieceBytes = 4096

/** Destinations with lines that wait. One listener for all: a program may open and close many servers. */
const unwritten = new Set<LogDestination>()
process.on('exit', () => {
  for (const destination of unwritten) destination.writeRest()
})

/** Whole lines. */
interface Chunk {
  readonly bytes: Buffer
  end: number
}

export class LogDestination {
  readonly #file: string | undefined
  #fd: number
  #waiting: Chunk[] = []
  #waitingBytes = 0
  #spare: Buffer | undefined
  #isWriting = false
  /** Lines that a thread is writing, or that the reader had no room for and are tried again. */
  #underWay: Buffer | undefined
  #timer: NodeJS.Timeout | undefined
  #dropped = 0
  #isReopening = false
  #closed: Promise<void> | undefined
  #watch: NodeJS.Timeout | undefined
  #whenFlushed: (() => void)[] = []

  /** A descriptor, or a file, which is opened again within seconds after it was renamed. */
  constructor(target: number | string) {
    this.#file = typeof target === 'string' ? target : undefined
    this.#fd = typeof target === 'string' ? fs.openSync(target, 'a') : target
    if (this.#file !== undefined) this.#reopenWhenRenamed(this.#file)
  }

  write(line: string): void {
    if (this.#closed !== undefined) return
    if (this.#waitingBytes > waitingMaxBytes) {
      this.#dropped++
      return
    }
    this.#add(line)
    this.#plan()
  }

  /** As in pino's destinations: `done` is called once everything that waits now has been written. */
  flush(done?: () => void): void {
    if (done !== undefined) this.#whenFlushed.push(done)
    this.#writeNext()
  }

  /** Writes what waits, and closes the file; a descriptor stays open. Later lines are dropped. */
  close(): Promise<void> {
    clearInterval(this.#watch)
    this.#closed ??= new Promise((resolve) => {
      this.flush(() => {
        if (this.#file !== undefined) fs.closeSync(this.#fd)
        resolve()
      })
    })
    return this.#closed
  }

  #add(line: string): void {
    // One UTF-16 unit takes at most three bytes of UTF-8.
    const chunk = this.#chunkFor(line.length * 3)
    const sizeBytes = chunk.bytes.write(line, chunk.end)
    chunk.end += sizeBytes
    this.#waitingBytes += sizeBytes
  }

  #chunkFor(neededBytes: number): Chunk {
    const last = this.#waiting.at(-1)
    if (last !== undefined && last.end + neededBytes <= last.bytes.length) return last
    const spare = neededBytes <= chunkBytes ? this.#spare : undefined
    if (spare !== undefined) this.#spare = undefined
    const chunk = { bytes: spare ?? Buffer.allocUnsafeSlow(Math.max(neededBytes, chunkBytes)), end: 0 }
    this.#waiting.push(chunk)
    unwritten.add(this)
    return chunk
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => this.#writeNext(), gatherMs).unref()
  }

  /** One at a time, since worker threads write them: two could change places. */
  #writeNext(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isWriting) return
    if (this.#isReopening) this.#reopen()
    const chunk = this.#waiting.shift()
    if (chunk === undefined) {
      for (const done of this.#whenFlushed.splice(0)) done()
      return
    }
    this.#isWriting = true
    this.#write(chunk, 0)
  }

  #write(chunk: Chunk, start: number): void {
    this.#underWay = chunk.bytes.subarray(start, chunk.end)
    fs.write(this.#fd, chunk.bytes, start, chunk.end - start, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#write(chunk, start), retryMs).unref()
        return
      }
      // A closed pipe (`| head`) or a full disk must not end the server: the lines are lost.
      if (error === null && start + written < chunk.end) return this.#write(chunk, start + written)
      this.#written(chunk)
    })
  }

  #written({ bytes, end }: Chunk): void {
    this.#isWriting = false
    this.#underWay = undefined
    this.#waitingBytes -= end
    if (bytes.length === chunkBytes) this.#spare = bytes
    if (this.#waitingBytes <= waitingMaxBytes) this.#tellDropped()
    if (this.#waiting.length === 0) unwritten.delete(this)
    // An incomplete chunk keeps collecting.
    if (this.#waiting.length > 1 || this.#whenFlushed.length > 0) this.#writeNext()
    else if (this.#waiting.length > 0) this.#plan()
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const fields = { level: 40, time: Date.now(), pid: process.pid, dropped: this.#dropped }
    this.#dropped = 0
    const msg = 'log lines were dropped, since they are not read in time'
    this.#add(`${JSON.stringify({ ...fields, msg })}\n`)
  }

  /**
   * At exit. It is unknown whether a thread still completes the running write: its lines may appear twice, but none is
   * lost.
   */
  writeRest(): void {
    this.#tellDropped()
    const waiting = this.#waiting.splice(0).map(({ bytes, end }) => bytes.subarray(0, end))
    let rest = Buffer.concat(this.#underWay === undefined ? waiting : [this.#underWay, ...waiting])
    for (let retries = 0; rest.length > 0 && retries < retriesAtExit; ) {
      try {
        rest = rest.subarray(fs.writeSync(this.#fd, rest.subarray(0, endOfPiece(rest))))
        retries = 0
      } catch (error) {
        // The reader is gone: nothing more can be done.
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
        retries++
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
      }
    }
  }

  #reopenWhenRenamed(file: string): void {
    let inode = inodeOf(file)
    this.#watch = setInterval(() => {
      const found = inodeOf(file)
      if (found !== inode) {
        this.#isReopening = true
        this.#writeNext()
      }
      inode = found ?? inode
    }, reopenMs).unref()
  }

  #reopen(): void {
    this.#isReopening = false
    if (this.#file === undefined) return
    try {
      const fd = fs.openSync(this.#file, 'a')
      fs.closeSync(this.#fd)
      this.#fd = fd
    } catch {
      // Until this succeeds, lines go to the file that was renamed.
    }
  }
}

function inodeOf(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.ino
}

/** Whole lines: what a thread still writes may come between two pieces, but not into a line. */
function endOfPiece(bytes: Buffer): number {
  const end = bytes.lastIndexOf('\n', pieceBytes - 1) + 1
  return end > 0 ? end : bytes.indexOf('\n') + 1 || bytes.length
}
