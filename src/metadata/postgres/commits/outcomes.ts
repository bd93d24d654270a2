/**
 * Finds out what happened to a commit after its answer was lost. It closes the lane of the lost connection: then the
 * commit can no longer take effect, and the lane tells whether it did.
 */
import type { Connection } from '#metadata/postgres/connections/connection.ts'
import { unavailable } from '#metadata/postgres/connections/failures.ts'
import type { Pool } from '#metadata/postgres/connections/pool.ts'
import { endHungSessions } from './hung-sessions.ts'

export interface UnknownCommit {
  readonly lane: string
  readonly number: number
  /** The name of the lost connection. */
  readonly connectionName: string
}

/** `refused`: places of refused commits of the group. Undefined: the group did not take effect and never will. */
export type Outcome = { readonly refused: readonly number[] } | undefined

export class Outcomes {
  readonly #pool: Pool
  readonly #schema: string
  readonly #open = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(pool: Pool, schema: string) {
    this.#pool = pool
    this.#schema = schema
  }

  /** Throws SlowDown if the database does not answer before `deadline`. The search continues after that. */
  async find(commit: UnknownCommit, deadline: number): Promise<Outcome> {
    const found = this.#findOut(commit)
    this.#open.add(found)
    const end = () => void this.#open.delete(found)
    found.then(end, end)
    return within(found, deadline)
  }

  /** Waits until all outcomes are known: reads before that could be wrong. Throws SlowDown. */
  async settled(deadline: number): Promise<void> {
    if (this.#open.size > 0) await within(Promise.allSettled([...this.#open]), deadline)
  }

  async #findOut({ lane, number, connectionName }: UnknownCommit): Promise<Outcome> {
    while (!this.#isClosed) {
      try {
        return await this.#pool.use(false, Number.POSITIVE_INFINITY, async (connection) => {
          await this.#end(connection, connectionName)
          await endHungSessions(connection)
          const [row] = await connection.query({
            text: `UPDATE ${this.#schema}.lanes SET is_closed = true, used_at = now() WHERE id = $1 RETURNING number, refused`,
            values: [lane],
          })
          // No lane: another server has taken over, and it never got the commit.
          return row?.[0] === number ? { refused: row[1] as number[] } : undefined
        })
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
    throw unavailable()
  }

  /** The server may not have noticed the lost connection. Then it holds the lane while the commit waits for a lock. */
  async #end(connection: Connection, name: string): Promise<void> {
    const text =
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND usename = current_user'
    await connection.query({ text, values: [name] })
  }

  close(): void {
    this.#isClosed = true
  }
}

const retryMs = 100

async function within<T>(work: Promise<T>, deadline: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), Math.max(0, deadline - performance.now()))
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
