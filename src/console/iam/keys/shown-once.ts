/**
 * New secrets until the next page shows them once: in the memory of this process, for a few minutes, for the session
 * that created them. If the page itself created a key, reloading it would create another.
 */
const keptMs = 5 * 60_000
const keptMax = 1000

export interface MadeKey {
  readonly userName: string
  readonly id: string
  readonly secret: string
  /** The key that it replaces. */
  readonly old: string | undefined
}

export class ShownOnce {
  readonly #kept = new Map<string, MadeKey & { readonly expiresAtMs: number }>()

  put(sessionId: string, key: MadeKey): void {
    this.#forgetOld()
    this.#kept.set(labelOf(sessionId, key), { ...key, expiresAtMs: Date.now() + keptMs })
  }

  take(sessionId: string, key: Pick<MadeKey, 'userName' | 'id'>): MadeKey | undefined {
    this.#forgetOld()
    const label = labelOf(sessionId, key)
    const found = this.#kept.get(label)
    this.#kept.delete(label)
    return found
  }

  /** A Map lists its entries in order of insertion. */
  #forgetOld(): void {
    for (const [label, { expiresAtMs }] of this.#kept) {
      if (expiresAtMs > Date.now() && this.#kept.size < keptMax) return
      this.#kept.delete(label)
    }
  }
}

const labelOf = (sessionId: string, { userName, id }: Pick<MadeKey, 'userName' | 'id'>): string =>
  JSON.stringify([sessionId, userName, id])
