/**
 * A pool of large buffers. Taking one never waits, so no slow client can block another. Instead the buffers get smaller
 * as more are in use, and memory stays near `limitBytes` for any number of streams. Buffers are kept instead of
 * dropped: a dropped buffer uses memory until it is collected, which may be much later.
 */
const LARGE_BYTES = 512 * 1024
const MEDIUM_BYTES = 256 * 1024
const SMALL_BYTES = 64 * 1024
const classes = [LARGE_BYTES, MEDIUM_BYTES, SMALL_BYTES] as const

export class BufferPool<B extends Uint8Array> {
  readonly #allocate: (sizeBytes: number) => B
  readonly #limitBytes: number
  readonly #idle = new Map<number, B[]>(classes.map((sizeBytes) => [sizeBytes, []]))
  #idleBytes = 0
  #lentBytes = 0

  constructor(allocate: (sizeBytes: number) => B, limitBytes: number) {
    this.#allocate = allocate
    this.#limitBytes = limitBytes
  }

  get lentBytes(): number {
    return this.#lentBytes
  }

  /** A buffer of about `wantedBytes`: it may be larger or smaller, but is never empty. */
  take(wantedBytes: number): B {
    const sizeBytes = Math.min(this.#affordable(), sizeClassOf(wantedBytes))
    const hasRoom = this.#idleBytes + this.#lentBytes + sizeBytes <= this.#limitBytes
    const buffer = this.#takeIdle(sizeBytes) ?? (hasRoom ? this.#allocate(sizeBytes) : this.#takeOther())
    this.#lentBytes += buffer.length
    return buffer
  }

  give(buffer: B): void {
    this.forget(buffer.length)
    if (this.#idleBytes + this.#lentBytes + buffer.length > this.#limitBytes) return
    this.#idleBytes += buffer.length
    this.#idle.get(buffer.length)?.push(buffer)
  }

  /** Called instead of `give` for a buffer that is lost or may still be in use. */
  forget(sizeBytes: number): void {
    this.#lentBytes -= sizeBytes
  }

  #takeIdle(sizeBytes: number): B | undefined {
    const idle = this.#idle.get(sizeBytes)?.pop()
    if (idle !== undefined) this.#idleBytes -= sizeBytes
    return idle
  }

  /** Without room for another buffer: any free one, or a new one of the smallest size. */
  #takeOther(): B {
    for (const sizeBytes of classes) {
      const idle = this.#takeIdle(sizeBytes)
      if (idle !== undefined) return idle
    }
    return this.#allocate(SMALL_BYTES)
  }

  #affordable(): number {
    if (this.#lentBytes < this.#limitBytes / 2) return LARGE_BYTES
    return this.#lentBytes < this.#limitBytes * 0.75 ? MEDIUM_BYTES : SMALL_BYTES
  }
}

function sizeClassOf(wantedBytes: number): number {
  return classes.findLast((sizeBytes) => wantedBytes <= sizeBytes) ?? LARGE_BYTES
}
