/**
 * Encrypts a body while it is received. Its digests are computed from the plaintext, and the blob store below gets the
 * encrypted bytes.
 */
import { Readable } from 'node:stream'
import { algorithmsFor, type IncomingBody, type Staged } from '#blobs/contract/incoming.ts'
import { type IngestTarget, ingest } from '#blobs/io/ingest.ts'
import { chunkBytes, sealedBytes, sealedChunkBytes } from './segment.ts'
import type { SegmentCipher } from './segment-cipher.ts'

/** The maximum of encrypted bytes that wait to be read: as much as one buffer of `ingest`. */
const waitingBytesMax = 512 * 1024

/** Encrypted bytes for the store below, which reads them at its own speed. */
class SealedStream extends Readable implements IngestTarget {
  readonly #cipher: SegmentCipher
  readonly #layers: number
  readonly #waiting: (() => void)[] = []

  constructor(cipher: SegmentCipher, layers: number) {
    super({ highWaterMark: waitingBytesMax })
    this.#cipher = cipher
    this.#layers = layers
    // The store below may have failed before it listens.
    this.on('error', () => undefined)
    this.push(cipher.header)
  }

  override _read(): void {
    this.#resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#resume()
    done(error)
  }

  async write(bytes: Uint8Array, position: number, isLast: boolean): Promise<void> {
    let hasRoom = true
    for (let at = 0; at < bytes.length || at === 0; at += chunkBytes) {
      const end = Math.min(at + chunkBytes, bytes.length)
      const chunk = (position + at) / chunkBytes
      // The receiver may keep the buffer: it is not used again.
      const sealed = Buffer.allocUnsafeSlow(sealedChunkBytes(end - at, this.#layers))
      this.#cipher.seal(chunk, isLast && end === bytes.length, bytes.subarray(at, end), sealed)
      hasRoom = this.push(sealed)
    }
    if (!hasRoom && !this.destroyed) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.destroyed) throw this.errored ?? new Error('the encrypted bytes were not read')
  }

  #resume(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

interface Kept {
  readonly digests: Staged['digests']
}

/**
 * `stage` passes the encrypted body to the store below. EntityTooLarge and IncompleteBody are about the plaintext. On
 * any error nothing is left behind.
 */
export async function sealStream<K extends Kept>(
  body: IncomingBody,
  cipher: SegmentCipher,
  layers: number,
  stage: (sealed: IncomingBody) => Promise<K>,
): Promise<{ readonly kept: K; readonly received: Staged }> {
  const { source, sizeBytes, maxBytes } = body
  const sealed = new SealedStream(cipher, layers)
  const sealedSize = sizeBytes === undefined ? undefined : sealedBytes(sizeBytes, layers)
  const keeping = stage({
    source: sealed,
    sizeBytes: sealedSize,
    maxBytes: sealedBytes(maxBytes, layers),
    algorithms: [],
    isSealed: true,
  })
  const receiving = ingest(source, sealed, { names: algorithmsFor(body), sizeBytes, maxBytes })
  // If one of the two fails, it ends the other, and its error is the result.
  keeping.catch((error: Error) => sealed.destroy(error))
  const received = receiving.then(
    async (all) => {
      if (all.sizeBytes === 0) await sealed.write(new Uint8Array(0), 0, true)
      sealed.push(null)
      return all
    },
    (error: Error) => {
      sealed.destroy(error)
      throw error
    },
  )
  const [first, second] = await Promise.allSettled([keeping, received])
  if (second.status === 'rejected') throw second.reason
  if (first.status === 'rejected') throw first.reason
  return { kept: first.value, received: second.value }
}
