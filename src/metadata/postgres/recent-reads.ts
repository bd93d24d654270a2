/** Values that this process has just read. A transaction may start from them: its commit checks them. */
import { asBuffer, type Bytes } from '#metadata/engine.ts'

export interface RecentRead {
  readonly value: Bytes | undefined
}

/** An older value has probably changed on another node if the row is written often. */
const ageMaxMs = 100
const countMax = 1000
/** Bodies of objects are read once. */
const bytesMax = 4096

export class RecentReads {
  readonly #reads = new Map<string, RecentRead & { readonly atMs: number }>()

  find(key: Bytes): RecentRead | undefined {
    const read = this.#reads.get(nameOf(key))
    return read !== undefined && performance.now() - read.atMs < ageMaxMs ? read : undefined
  }

  remember(key: Bytes, value: Bytes | undefined): void {
    if (value !== undefined && value.length > bytesMax) return
    if (this.#reads.size >= countMax) this.#reads.clear()
    this.#reads.set(nameOf(key), { value, atMs: performance.now() })
  }

  forget(key: Bytes): void {
    this.#reads.delete(nameOf(key))
  }
}

const nameOf = (key: Bytes): string => asBuffer(key).toString('latin1')
