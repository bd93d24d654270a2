/**
 * Rows that are counters, as far as this process knows. Commits that add to one share its lock; what reads its value
 * takes the lock alone. The database says where this is wrong, and the commit is sent again.
 */
const keysMax = 10_000

export class KnownCounters {
  readonly #keys = new Set<string>()

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  add(key: string): void {
    if (this.#keys.size >= keysMax) this.#keys.clear()
    this.#keys.add(key)
  }

  /** What the database said: `+` and a key in hex for one that is a counter, `-` for one that is not. */
  correct(said: string): void {
    for (const one of said.split(',')) {
      const key = Buffer.from(one.slice(1), 'hex').toString('latin1')
      if (one.startsWith('+')) this.add(key)
      else this.#keys.delete(key)
    }
  }
}
