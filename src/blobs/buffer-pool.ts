/**
 * Large buffers, lent. Lending never waits, so no slow client can starve another; instead what is lent shrinks as more is out,
 * so that memory stays near `limitBytes` however many streams there are.
 */
const LARGE_BYTES = 1024 * 1024
const MEDIUM_BYTES = 256 * 1024
const SMALL_BYTES = 64 * 1024

export class BufferPool<B extends Uint8Array> {
  readonly #allocate: (sizeBytes: number) => B
  readonly #limitBytes: number
  readonly #idle = new Map<number, B[]>()
  #idleBytes = 0
  #lentBytes = 0

  constructor(allocate: (sizeBytes: number) => B, limitBytes: number) {
    this.#allocate = allocate
    this.#limitBytes = limitBytes
  }

  get lentBytes(): number {
    return this.#lentBytes
  }

  /** A buffer for `wantedBytes`, or less than that; never empty. */
  take(wantedBytes: number): B {
    const sizeBytes = Math.min(this.#affordable(), sizeClassOf(wantedBytes))
    this.#lentBytes += sizeBytes
    const idle = this.#idle.get(sizeBytes)?.pop()
    if (idle === undefined) return this.#allocate(sizeBytes)
    this.#idleBytes -= sizeBytes
    return idle
  }

  give(buffer: B): void {
    this.forget(buffer)
    if (this.#idleBytes + this.#lentBytes > this.#limitBytes / 2) return
    this.#idleBytes += buffer.length
    const idle = this.#idle.get(buffer.length)
    if (idle === undefined) this.#idle.set(buffer.length, [buffer])
    else idle.push(buffer)
  }

  /** Instead of `give` where somebody may still hold on to the buffer. */
  forget(buffer: B): void {
    this.#lentBytes -= buffer.length
  }

  #affordable(): number {
    if (this.#lentBytes < this.#limitBytes / 2) return LARGE_BYTES
    return this.#lentBytes < this.#limitBytes * 0.75 ? MEDIUM_BYTES : SMALL_BYTES
  }
}

function sizeClassOf(wantedBytes: number): number {
  if (wantedBytes <= SMALL_BYTES) return SMALL_BYTES
  return wantedBytes <= MEDIUM_BYTES ? MEDIUM_BYTES : LARGE_BYTES
}
