/** The keys of a bucket in order, each with all its versions, oldest first. */
import { asBuffer, type Entry, type MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'

export interface KeyHistory {
  readonly key: string
  readonly versions: readonly StoredVersion[]
}

/** Current and older versions are rows of two tables, both in the order of keys. */
export async function* storedHistories(engine: MetadataEngine, bucket: string): AsyncGenerator<KeyHistory> {
  const current = new Cursor(engine, bucket, 'o')
  const others = new Cursor(engine, bucket, 'v')
  for (;;) {
    const [a, b] = [await current.peek(), await others.peek()]
    if (a === undefined && b === undefined) return
    const isCurrent =
      a !== undefined && (b === undefined || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) <= 0)
    const key = (isCurrent ? a : b)?.key ?? ''
    const newestFirst = [...(await current.take(key)), ...(await others.take(key))]
    yield { key, versions: newestFirst.reverse() }
  }
}

class Cursor {
  readonly #rows: AsyncGenerator<Entry>
  #next: StoredVersion | undefined
  #isAhead = false

  constructor(engine: MetadataEngine, bucket: string, table: 'o' | 'v') {
    this.#rows = eachRow(engine, rowsOf(table, bucket))
  }

  async peek(): Promise<StoredVersion | undefined> {
    if (!this.#isAhead) {
      const { value, done } = await this.#rows.next()
      const [, key = ''] = done === true ? [] : rowParts(value.key)
      this.#next = done === true ? undefined : decodeVersion(key, asBuffer(value.value))
      this.#isAhead = true
    }
    return this.#next
  }

  /** Every version of this key. */
  async take(key: string): Promise<StoredVersion[]> {
    const found: StoredVersion[] = []
    for (let next = await this.peek(); next?.key === key; next = await this.peek()) {
      found.push(next)
      this.#isAhead = false
    }
    return found
  }
}
