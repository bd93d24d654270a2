/**
 * The index in a PostgreSQL database that any number of nodes share. Correctness under concurrency: commit-function.ts.
 * Speed: commits.ts and reads.ts.
 */
import type { PostgresAddress } from '#config/metadata-url.ts'
import type { Bytes, Commit, Committed, Entry, KeyRange, MetadataEngine, ScanOptions } from '#metadata/engine.ts'
import { IndexUnreadable } from '#metadata/index-unreadable.ts'
import { ApiError } from '#model/errors.ts'
import { Commits } from './commits/commits.ts'
import { Outcomes } from './commits/outcomes.ts'
import type { Connection } from './connections/connection.ts'
import { asCallersError, failureOf, unavailable } from './connections/failures.ts'
import { pause } from './connections/pause.ts'
import { Pool } from './connections/pool.ts'
import { type Ask, Reads } from './reads.ts'
import { type RecentRead, RecentReads } from './recent-reads.ts'
import type { Space } from './space.ts'
import { migrate } from './tables/migrate.ts'
import { probeLocks } from './tables/probe-locks.ts'

export interface PostgresOptions {
  readonly address: PostgresAddress
  readonly space: Space
  /** Maximum of connections, if it differs from the address. */
  readonly poolSize?: number
  /** Whether a commit waits until it survives a crash of the server. Default: yes. */
  readonly isFlushed?: boolean
}

/**
 * Throws IndexUnreadable if the database does not answer, refuses, has tables of a newer release, or lacks what commits
 * rely on.
 */
export async function openPostgresEngine({
  address,
  space,
  poolSize,
  isFlushed = true,
}: PostgresOptions): Promise<MetadataEngine> {
  const pool = new Pool(address, poolSize ?? address.poolSize, isFlushed)
  const engine = new PostgresEngine(pool, address, space)
  try {
    await engine.prepare()
    return engine
  } catch (error) {
    await engine.close()
    throw failureToOpen(address, error)
  }
}

/** The URL contains a password: only its hosts are shown. */
function failureToOpen({ hosts }: PostgresAddress, error: unknown): IndexUnreadable {
  if (error instanceof IndexUnreadable) return error
  const cause = error instanceof ApiError ? error.cause : error
  const reason =
    cause instanceof Error ? (cause.message.trim() || cause.name).replace(/\.?$/, '.') : 'It does not answer.'
  const places = hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
  return new IndexUnreadable(`The database of METADATA_URL (${places}) cannot be used: ${reason}`, { cause: error })
}

class PostgresEngine implements MetadataEngine {
  readonly isRemote = true
  readonly #pool: Pool
  readonly #address: PostgresAddress
  readonly #outcomes: Outcomes
  readonly #commits: Commits
  readonly #reads: Reads
  readonly #recent = new RecentReads()

  constructor(pool: Pool, address: PostgresAddress, space: Space) {
    const { schema, retryMs } = address
    this.#pool = pool
    this.#address = address
    this.#outcomes = new Outcomes(pool, schema)
    this.#commits = new Commits({ pool, outcomes: this.#outcomes, schema, space, retryMs })
    const ask: Ask = (work, deadline) => this.#ask(work, deadline)
    this.#reads = new Reads({ ask, recent: this.#recent, schema, space, retryMs })
  }

  /** Creates or updates the tables, and checks that the database does what commits rely on. */
  async prepare(): Promise<void> {
    const { schema, retryMs } = this.#address
    await this.#ask(async (connection) => {
      await migrate(connection, schema)
      const deadline = performance.now() + retryMs
      await this.#pool.use(false, deadline, (other) => probeLocks(connection, other, schema))
      return []
    })
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    const [value] = await this.#reads.getMany([key])
    return value
  }

  getMany(keys: readonly Bytes[]): Promise<(Bytes | undefined)[]> {
    return this.#reads.getMany(keys)
  }

  scan(range: KeyRange, options?: ScanOptions): Promise<Entry[]> {
    return this.#reads.scan(range, options)
  }

  recent(key: Bytes): RecentRead | undefined {
    return this.#recent.find(key)
  }

  async commit(commit: Commit): Promise<Committed | undefined> {
    const committed = await this.#commits.add(commit)
    // If it was refused, something that it checked has changed.
    for (const write of committed === undefined ? commit.checks : commit.writes) {
      if ('key' in write) this.#recent.forget(write.key)
    }
    return committed
  }

  async timeMs(): Promise<number> {
    const [[timeMs] = []] = await this.#ask((connection) => connection.query(timeStatement))
    return Number(timeMs)
  }

  async close(): Promise<void> {
    this.#outcomes.close()
    await this.#pool.close()
  }

  /** Runs statements that change nothing or may be repeated. */
  async #ask(
    work: (connection: Connection) => Promise<readonly unknown[][]>,
    deadline = performance.now() + this.#address.retryMs,
  ): Promise<readonly unknown[][]> {
    for (let attempt = 0; ; attempt++) {
      if (attempt > 1) await pause(attempt)
      await this.#outcomes.settled(deadline)
      const result = await this.#pool.use(false, deadline, (connection) => tried(connection, work))
      if ('rows' in result) return result.rows
      if (performance.now() > deadline) throw unavailable(result.failed)
    }
  }
}

const timeStatement = { name: 'time', text: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8' } as const

type Tried = { readonly rows: readonly unknown[][] } | { readonly failed: unknown }

async function tried(
  connection: Connection,
  work: (connection: Connection) => Promise<readonly unknown[][]>,
): Promise<Tried> {
  try {
    return { rows: await work(connection) }
  } catch (error) {
    const failure = failureOf(error)
    if (failure === 'final') throw asCallersError(error)
    if (failure === 'elsewhere') connection.destroy()
    return { failed: error }
  }
}
