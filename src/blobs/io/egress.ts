/**
 * Sends ranges of large blobs with two large buffers: one is read while the other is written. A buffer is used again
 * only when the socket has finished with it.
 */
import { read } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { type LaneDigester, openLanes } from '#lib/digest/digest-lanes.ts'
import { BufferPool } from './buffer-pool.ts'
import type { StretchCheck } from './stretch-check.ts'

export interface EgressSource {
  /** Reads the next bytes, at most `lengthBytes`. Returns how many. */
  read(buffer: Uint8Array<ArrayBuffer>, lengthBytes: number, position: number): Promise<number>
}

export interface Stretch {
  readonly source: EgressSource
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly check?: StretchCheck
}

type Bytes = Uint8Array<ArrayBuffer>

/** A larger piece has left the processor's cache when the reader gets to it. */
const PIECE_BYTES = 512 * 1024

export const egressBuffers = new BufferPool<Uint8Array<ArrayBuffer>>(
  // Each has its own memory, since a digest thread takes it over.
  (sizeBytes) => new Uint8Array(new ArrayBuffer(sizeBytes)),
  32 * 1024 * 1024,
)

/**
 * Resolves when every byte has been passed to the socket. Rejects if the client disconnects, the source is shorter than
 * expected, or `check` refuses its bytes. Then the connection is destroyed before the last byte, so that the client
 * cannot take them for the content. In both cases the source may be closed afterwards.
 * The caller calls `end`. `writeHead` is called before the first byte, unless the head is sent already. If it was not
 * called, an error can still be answered.
 */
export async function sendStretch(response: ServerResponse, stretch: Stretch, writeHead?: () => void): Promise<void> {
  let hasBegun = writeHead === undefined
  const begin = () => {
    if (!hasBegun) writeHead?.()
    hasBegun = true
  }
  const outlet = new Outlet(response)
  try {
    await pump(outlet, stretch, begin)
    begin()
  } catch (error) {
    if (hasBegun) response.destroy()
    throw error
  } finally {
    outlet.close()
  }
}

async function pump(outlet: Outlet, { source, start, end, check }: Stretch, begin: () => void): Promise<void> {
  const digester = check?.mustDigest === true ? openLanes(['CRC64NVME']) : undefined
  try {
    const writes: Promise<void>[] = []
    for (let position = start; position < end; ) {
      // Two buffers in turn: the older one must be free before another is taken.
      if (writes.length === 2) await writes.shift()
      const buffer = egressBuffers.take(Math.min(end - position, PIECE_BYTES))
      const count = await readInto(source, buffer, Math.min(buffer.length, end - position), position)
      position += count
      const checked = await checkPiece(buffer, count, digester, position === end ? check : undefined)
      begin()
      const written = outlet.write(checked, count)
      // It may fail before it is awaited; a later await still gets the error.
      written.catch(() => {})
      writes.push(written)
    }
    await Promise.all(writes)
  } finally {
    digester?.abandon()
  }
}

/** Returns the same bytes, perhaps as another view. `check` is given for the last piece. */
async function checkPiece(
  buffer: Bytes,
  count: number,
  digester: LaneDigester | undefined,
  check: StretchCheck | undefined,
): Promise<Bytes> {
  if (digester === undefined && check === undefined) return buffer
  try {
    const passed = await digester?.update(buffer.subarray(0, count))
    check?.assertSame((await digester?.digest())?.get('CRC64NVME'))
    return passed === undefined ? buffer : new Uint8Array(passed.buffer)
  } catch (error) {
    egressBuffers.forget(buffer.length)
    throw error
  }
}

export const fileSource = (fd: number): EgressSource => ({
  read: (buffer, lengthBytes, position) =>
    new Promise<number>((resolve, reject) => {
      read(fd, buffer, 0, lengthBytes, position, (error, count) => {
        if (error !== null) reject(error)
        else if (count === 0) reject(new Error(`The file ends at ${position}, before its expected end`))
        else resolve(count)
      })
    }),
})

async function readInto(source: EgressSource, buffer: Bytes, lengthBytes: number, position: number): Promise<number> {
  try {
    return await source.read(buffer, lengthBytes, position)
  } catch (error) {
    egressBuffers.give(buffer)
    throw error
  }
}

/**
 * Writes to a response that may lose its client. Then not every write is called back, but 'close' is always emitted.
 */
class Outlet {
  readonly #response: ServerResponse
  readonly #pending = new Set<(error?: Error | null) => void>()
  readonly #onClose = () => {
    for (const done of [...this.#pending]) done(clientGone())
  }

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('close', this.#onClose)
  }

  /** Takes over the buffer. */
  write(buffer: Bytes, count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null) => {
        if (!this.#pending.delete(done)) return
        if (error) {
          // The socket may still use the buffer, so it is not used again.
          egressBuffers.forget(buffer.length)
          reject(error)
        } else {
          egressBuffers.give(buffer)
          resolve()
        }
      }
      this.#pending.add(done)
      if (this.#response.destroyed) done(clientGone())
      else this.#response.write(buffer.subarray(0, count), done)
    })
  }

  close(): void {
    this.#onClose()
    this.#response.off('close', this.#onClose)
  }
}

const clientGone = () => new Error('The client closed the connection')
