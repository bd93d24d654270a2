/**
 * Rows that this process knows as counters. Commits that add to one share its lock. A commit that reads its value needs
 * the lock alone. If this is wrong, the database says so, and the commit is sent again.
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

  /** The answer of the database: `+` and a key in hex if it is a counter, `-` if it is not. */
  correct(said: string): void {
    for (const one of said.split(',')) {
      const key = Buffer.from(one.slice(1), 'hex').toString('latin1')
      if (one.startsWith('+')) this.add(key)
      else this.#keys.delete(key)
    }
  }
}
