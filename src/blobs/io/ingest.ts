/**
 * Receives large bodies: collects the stream in large buffers, which are hashed and written to the target while the
 * next are filled. Settles only when nothing uses the target any more, so the caller may close it.
 */
import { write } from 'node:fs'
import type { Readable } from 'node:stream'
import { type DigestName, digestOnce } from '#lib/digest/digest.ts'
import { type LaneDigester, openLanes } from '#lib/digest/digest-lanes.ts'
import { ApiError } from '#model/errors.ts'
import { BufferPool } from './buffer-pool.ts'

export interface IngestTarget {
  /**
   * Called in order, possibly before the previous call has resolved. All buffers but the last have a multiple of 64
   * KiB.
   */
  write(bytes: Uint8Array, position: number, isLast: boolean): Promise<void>
}

export interface IngestOptions {
  readonly names: readonly DigestName[]
  /** The announced size; undefined if none was announced. */
  readonly sizeBytes: number | undefined
  readonly maxBytes: number
}

export interface Ingested {
  readonly sizeBytes: number
  readonly digests: Map<DigestName, Buffer>
}

type Bytes = Uint8Array<ArrayBuffer>

const BUFFERS_PER_STREAM = 4
/** With twice the size, data has left the processor's cache before it is hashed. */
const LARGE_BUFFER_BYTES = 512 * 1024
const MEDIUM_BUFFER_BYTES = 256 * 1024
/** Bodies from this size use large buffers. A smaller body would fit into too few buffers to work in parallel. */
const LARGE_BODY_BYTES = 4 * LARGE_BUFFER_BYTES
/** Up to this size, passing data to another thread costs more than hashing it. */
const INLINE_BYTES = MEDIUM_BUFFER_BYTES

export const ingestBuffers = new BufferPool<Bytes>((sizeBytes) => new Uint8Array(sizeBytes), 20 * 1024 * 1024)

/**
 * EntityTooLarge above `maxBytes`; IncompleteBody if the source ends early, breaks off, or has another length than
 * announced. An ApiError of the source is passed on. After a failure the source is paused, not destroyed, so that an
 * answer can still be sent.
 */
export function ingest(source: Readable, target: IngestTarget, options: IngestOptions): Promise<Ingested> {
  return new Ingest(source, target, options).run()
}

class Ingest {
  readonly #source: Readable
  readonly #target: IngestTarget
  readonly #options: IngestOptions
  readonly #wantedBytes: number
  readonly #onData = (chunk: Uint8Array) => this.#receive(chunk)
  readonly #onEnd = () => this.#end()
  readonly #onError = (error: Error) => this.#breakOff(error)
  readonly #onClose = () => this.#breakOff(undefined)
  #settled: { resolve(ingested: Ingested): void; reject(error: unknown): void } | undefined
  #filling: Bytes | undefined
  #filledBytes = 0
  /** Received bytes that did not fit while all buffers were in use. */
  #rest: Uint8Array | undefined
  #receivedBytes = 0
  #flushedBytes = 0
  #inFlight = 0
  #ended = false
  #failure: { error: unknown } | undefined
  #lanes: LaneDigester | undefined
  #digests: Map<DigestName, Buffer> | undefined

  constructor(source: Readable, target: IngestTarget, options: IngestOptions) {
    this.#source = source
    this.#target = target
    this.#options = options
    const isLarge = options.sizeBytes === undefined || options.sizeBytes >= LARGE_BODY_BYTES
    this.#wantedBytes = isLarge ? LARGE_BUFFER_BYTES : MEDIUM_BUFFER_BYTES
  }

  run(): Promise<Ingested> {
    return new Promise((resolve, reject) => {
      this.#settled = { resolve, reject }
      if ((this.#options.sizeBytes ?? 0) > this.#options.maxBytes) return this.#fail(new ApiError('EntityTooLarge'))
      if (this.#source.readableEnded) return this.#end()
      if (this.#source.destroyed) return this.#breakOff(this.#source.errored ?? undefined)
      this.#attach()
    })
  }

  #receive(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.length
    const { sizeBytes, maxBytes } = this.#options
    if (this.#receivedBytes > maxBytes) this.#fail(new ApiError('EntityTooLarge'))
    else if (sizeBytes !== undefined && this.#receivedBytes > sizeBytes) this.#breakOff(undefined)
    else this.#gather(chunk)
  }

  #gather(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#filling !== undefined && this.#filledBytes === this.#filling.length) this.#flush(this.#filling)
      if (this.#filling === undefined) {
        if (this.#inFlight >= BUFFERS_PER_STREAM) {
          this.#rest = chunk.subarray(at)
          this.#source.pause()
          return
        }
        this.#filling = ingestBuffers.take(this.#wantedBytes)
        this.#filledBytes = 0
      }
      const count = Math.min(chunk.length - at, this.#filling.length - this.#filledBytes)
      this.#filling.set(at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count), this.#filledBytes)
      this.#filledBytes += count
      at += count
      // If the length of the body is unknown, a full buffer may be the last.
      const isDue = this.#filledBytes === this.#filling.length && this.#options.sizeBytes !== undefined
      if (isDue) this.#flush(this.#filling)
    }
  }

  #flush(buffer: Bytes): void {
    const position = this.#flushedBytes
    this.#filling = undefined
    this.#flushedBytes += this.#filledBytes
    this.#inFlight++
    const isLast = this.#flushedBytes === (this.#ended ? this.#receivedBytes : this.#options.sizeBytes)
    this.#store(buffer, this.#filledBytes, position, isLast)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#inFlight--
        if (this.#failure !== undefined) this.#settle()
        else this.#proceed()
      })
  }

  async #store(buffer: Bytes, count: number, position: number, isLast: boolean): Promise<void> {
    const sizeBytes = buffer.length
    let kept: Bytes | undefined = buffer
    try {
      if (isLast && count === this.#receivedBytes && count <= INLINE_BYTES) {
        const written = this.#target.write(buffer.subarray(0, count), position, isLast)
        this.#digests = digestOnce(this.#options.names, buffer.subarray(0, count))
        return await written
      }
      this.#lanes ??= openLanes(this.#options.names)
      kept = undefined
      const hashed = await this.#lanes.update(buffer.subarray(0, count))
      kept = new Uint8Array(hashed.buffer)
      await this.#target.write(hashed, position, isLast)
    } finally {
      if (kept === undefined) ingestBuffers.forget(sizeBytes)
      else ingestBuffers.give(kept)
    }
  }

  #proceed(): void {
    const rest = this.#rest
    if (rest !== undefined) {
      this.#rest = undefined
      this.#gather(rest)
      if (this.#rest !== undefined) return
      if (!this.#ended) this.#source.resume()
    }
    // 'end' may be emitted while there is a rest: a pause does not delay it.
    if (this.#ended) this.#finish()
  }

  #end(): void {
    const { sizeBytes } = this.#options
    if (sizeBytes !== undefined && this.#receivedBytes !== sizeBytes) this.#breakOff(undefined)
    else {
      this.#ended = true
      this.#detach()
      if (this.#rest === undefined) this.#finish()
    }
  }

  #finish(): void {
    if (this.#filling !== undefined) this.#flush(this.#filling)
    if (this.#inFlight === 0) this.#settle()
  }

  #breakOff(cause: Error | undefined): void {
    if (cause instanceof ApiError) this.#fail(cause)
    else this.#fail(new ApiError('IncompleteBody', cause === undefined ? {} : { cause }))
  }

  #fail(error: unknown): void {
    if (this.#failure === undefined) {
      this.#failure = { error }
      this.#detach()
      this.#source.pause()
      this.#rest = undefined
      if (this.#filling !== undefined) ingestBuffers.give(this.#filling)
      this.#filling = undefined
    }
    this.#settle()
  }

  #attach(): void {
    const source = this.#source
    source.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    source.resume()
  }

  #detach(): void {
    const source = this.#source
    source.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose)
    // An error of the source after its end must not end the process.
    source.on('error', () => {})
  }

  #settle(): void {
    const settled = this.#settled
    if (this.#inFlight > 0 || settled === undefined) return
    this.#settled = undefined
    if (this.#failure !== undefined) {
      this.#lanes?.abandon()
      settled.reject(this.#failure.error)
    } else
      this.#digest().then((digests) => settled.resolve({ sizeBytes: this.#receivedBytes, digests }), settled.reject)
  }

  async #digest(): Promise<Map<DigestName, Buffer>> {
    if (this.#lanes !== undefined) return this.#lanes.digest()
    return this.#digests ?? digestOnce(this.#options.names, new Uint8Array(0))
  }
}

/** `offset`: the position of the first byte. */
export const fileTarget = (fd: number, offset: number): IngestTarget => ({
  write: (bytes, position) => writeAll(fd, bytes, offset + position),
})

function writeAll(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (at: number) =>
      write(fd, bytes, at, bytes.length - at, position + at, (error, count) => {
        if (error !== null) reject(error)
        else if (count === 0) reject(new Error('The file took no bytes'))
        else if (at + count < bytes.length) writeFrom(at + count)
        else resolve()
      })
    writeFrom(0)
  })
}
