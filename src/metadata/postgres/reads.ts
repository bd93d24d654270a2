/** Reads of one turn of the event loop share one statement. So do reads that wait for a connection. */
import { asBuffer, type Bytes, type Entry, type KeyRange, type ScanOptions } from '#metadata/engine.ts'
import { addNumbers, decodeCounters } from '#metadata/write.ts'
import { encodeBytes } from './connections/binary-array.ts'
import type { Connection } from './connections/connection.ts'
import type { Statement } from './connections/statement.ts'
import type { RecentReads } from './recent-reads.ts'
import type { Space } from './space.ts'
import { foldFunctionName } from './tables/fold-function.ts'

/** Runs one statement, and again if the connection is lost, until `deadline`. */
export type Ask = (
  work: (connection: Connection) => Promise<readonly unknown[][]>,
  deadline: number,
) => Promise<readonly unknown[][]>

interface ReadsOptions {
  readonly ask: Ask
  readonly recent: RecentReads
  readonly schema: string
  readonly space: Space
  readonly retryMs: number
}

interface Wanted {
  readonly keys: readonly Bytes[]
  readonly deadline: number
  readonly resolve: (values: (Bytes | undefined)[]) => void
  readonly reject: (error: unknown) => void
}

/** Maximum of keys in one statement. */
const keysMax = 2000
/** Timers may end early. */
const earlyMs = 10

export class Reads {
  readonly #ask: Ask
  readonly #recent: RecentReads
  readonly #statements: ReturnType<typeof statementsOf>
  readonly #retryMs: number
  #wanted: Wanted[] = []

  constructor({ ask, recent, schema, space, retryMs }: ReadsOptions) {
    this.#retryMs = retryMs
    this.#ask = ask
    this.#recent = recent
    this.#statements = statementsOf(schema, space)
  }

  getMany(keys: readonly Bytes[]): Promise<(Bytes | undefined)[]> {
    if (keys.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      this.#wanted.push({ keys, deadline: this.#newDeadline(), resolve, reject })
      if (this.#wanted.length === 1) setImmediate(() => void this.#read())
    })
  }

  #newDeadline(): number {
    return performance.now() + this.#retryMs
  }

  async #read(): Promise<void> {
    let taken: Wanted[] = []
    const deadline = this.#wanted[0]?.deadline ?? this.#newDeadline()
    try {
      const rows = await this.#ask((connection) => {
        // Also takes reads that came while this one waited for a connection.
        if (taken.length === 0) taken = this.#take()
        return connection.query({ ...this.#statements.get, values: [encodeBytes(taken.flatMap(({ keys }) => keys))] })
      }, deadline)
      const values = valuesByPlace(rows)
      let place = 1
      for (const { keys, resolve } of taken) {
        const found = keys.map(() => values.get(place++))
        for (const [at, key] of keys.entries()) this.#recent.remember(key, found[at])
        resolve(found)
      }
    } catch (error) {
      if (taken.length === 0) taken = this.#take()
      this.#fail(taken, deadline, error)
    }
  }

  /** The oldest of them had this deadline. If it is over, those that came later go on. */
  #fail(taken: readonly Wanted[], deadline: number, error: unknown): void {
    const now = performance.now() + earlyMs
    const later: Wanted[] = []
    for (const wanted of taken) {
      if (now >= deadline && wanted.deadline > now) later.push(wanted)
      else wanted.reject(error)
    }
    if (later.length === 0) return
    // Otherwise a read of those that wait is due.
    if (this.#wanted.length === 0) setImmediate(() => void this.#read())
    this.#wanted.unshift(...later)
  }

  #take(): Wanted[] {
    let count = 0
    let keys = 0
    for (const wanted of this.#wanted) {
      keys += wanted.keys.length
      if (count > 0 && keys > keysMax) break
      count++
    }
    const taken = this.#wanted.splice(0, count)
    if (this.#wanted.length > 0) setImmediate(() => void this.#read())
    return taken
  }

  async scan({ start, end }: KeyRange, { limit, reverse = false, fold }: ScanOptions = {}): Promise<Entry[]> {
    if (limit === 0) return []
    const { scan, scanBack, scanFolded } = this.#statements
    const values: unknown[] = [asBuffer(start), asBuffer(end), limit ?? null]
    const isFolded = fold !== undefined && !reverse
    if (isFolded) values.push(fold.skip, asBuffer(fold.delimiter), fold.ignored)
    const statement = reverse ? scanBack : isFolded ? scanFolded : scan
    const rows = await this.#ask((connection) => connection.query({ ...statement, values }), this.#newDeadline())
    return entriesOf(rows, limit ?? Number.POSITIVE_INFINITY, reverse)
  }
}

/**
 * One statement reads a row and the numbers added to it, so both are from the same state. OFFSET keeps each search as
 * it is written (see commit-function.ts).
 */
function statementsOf(schema: string, space: Space) {
  const [rows, counts] = [`${schema}.${space}_rows`, `${schema}.${space}_counts`]
  const added = (direction: string) => `
    UNION ALL
    (SELECT n.key, NULL, n.name, n.number::text FROM
      (SELECT DISTINCT key FROM ${counts} WHERE key >= $1 AND key < $2 ORDER BY key ${direction} LIMIT $3) AS c
      CROSS JOIN LATERAL (SELECT * FROM ${counts} AS n WHERE n.key = c.key OFFSET 0) AS n)`
  const scan = (direction: string) => `
    (SELECT key, value, NULL::text, NULL::text FROM ${rows} WHERE key >= $1 AND key < $2 ORDER BY key ${direction} LIMIT $3)
    ${added(direction)}`
  const scanFolded = `
    (SELECT key, value, NULL::text, NULL::text FROM ${foldFunctionName(schema, space)}($1, $2, $3::int8, $4::int4, $5::bytea, $6::int4))
    ${added('ASC')}`
  const wanted = 'unnest($1::bytea[]) WITH ORDINALITY AS w (key, place) CROSS JOIN LATERAL'
  const get = `
    SELECT w.place, r.value, NULL::text, NULL::text
      FROM ${wanted} (SELECT * FROM ${rows} AS r WHERE r.key = w.key OFFSET 0) AS r
    UNION ALL
    SELECT w.place, NULL, n.name, n.number::text
      FROM ${wanted} (SELECT * FROM ${counts} AS n WHERE n.key = w.key OFFSET 0) AS n`
  return {
    get: { name: `get-${space}`, text: get },
    scan: { name: `scan-${space}`, text: scan('ASC') },
    scanFolded: { name: `scan-folded-${space}`, text: scanFolded },
    scanBack: { name: `scan-back-${space}`, text: scan('DESC') },
  } as const satisfies Record<string, Statement>
}

/** A value, or the sums of added numbers. */
class Row {
  #value: Bytes | undefined
  #numbers: Record<string, number> | undefined

  add([, value, name, number]: readonly unknown[]): void {
    if (name === null) this.#value = value as Bytes
    else {
      this.#numbers ??= {}
      addNumbers(this.#numbers, { [name as string]: Number(number) })
    }
  }

  get value(): Bytes {
    if (this.#numbers === undefined) return this.#value ?? Buffer.alloc(0)
    const sums = decodeCounters(this.#value)
    addNumbers(sums, this.#numbers)
    return Buffer.from(JSON.stringify(sums))
  }
}

function valuesByPlace(rows: readonly unknown[][]): Map<number, Bytes> {
  const found = new Map<number, Row>()
  for (const row of rows) {
    const place = row[0] as number
    const known = found.get(place) ?? new Row()
    known.add(row)
    found.set(place, known)
  }
  return new Map([...found].map(([place, row]) => [place, row.value]))
}

/** `rows`: first the rows, then the counters, both in order. */
function entriesOf(rows: readonly unknown[][], limit: number, isReverse: boolean): Entry[] {
  if (rows.every((row) => row[2] === null)) return rows.map(([key, value]) => ({ key, value }) as Entry)
  const found = new Map<string, { key: Buffer; row: Row }>()
  for (const row of rows) {
    const key = row[0] as Buffer
    const name = key.toString('latin1')
    const known = found.get(name) ?? { key, row: new Row() }
    known.row.add(row)
    found.set(name, known)
  }
  const sorted = [...found.values()].sort((a, b) => Buffer.compare(a.key, b.key) * (isReverse ? -1 : 1))
  return sorted.slice(0, limit).map(({ key, row }) => ({ key, value: row.value }))
}
