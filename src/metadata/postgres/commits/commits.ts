/** Commits of this process. Each group is one round trip and one transaction. */
import type { Commit, Committed } from '#metadata/engine.ts'
import type { Connection } from '#metadata/postgres/connections/connection.ts'
import {
  asCallersError,
  failureOf,
  hasTooManyLocks,
  isCancelled,
  isLockWait,
  isOutcomeUnknown,
  sqlStateOf,
  unavailable,
} from '#metadata/postgres/connections/failures.ts'
import { pause } from '#metadata/postgres/connections/pause.ts'
import type { Pool } from '#metadata/postgres/connections/pool.ts'
import type { Space } from '#metadata/postgres/space.ts'
import { commitFunctionName, laneClosed, parameters, weakLocks } from '#metadata/postgres/tables/commit-function.ts'
import { ApiError } from '#model/errors.ts'
import { encodeGroup, locksMax } from './encode-group.ts'
import { areApart, areTogether, type Footprint, footprintOf, Ground } from './footprint.ts'
import { endHungSessions } from './hung-sessions.ts'
import { KnownCounters } from './known-counters.ts'
import type { Outcomes, UnknownCommit } from './outcomes.ts'

interface Pending {
  readonly commit: Commit
  readonly footprint: Footprint
  readonly deadline: number
  readonly resolve: (committed: Committed | undefined) => void
  readonly reject: (error: unknown) => void
}

interface CommitsOptions {
  readonly pool: Pool
  readonly outcomes: Outcomes
  readonly schema: string
  readonly space: Space
  /** How long a commit waits for a lost database. */
  readonly retryMs: number
}

/** Maximum of commits in one group. */
const commitsMax = 64
const bytesMax = 4 * 1024 * 1024
/** More waiting commits are refused: the database is too slow for the load. */
const waitingMax = 5000
/** A group is formed from at most this many waiting commits. */
const lookedAtMax = 500

const flushed: Committed = { flushed: Promise.resolve() }

export class Commits {
  readonly #options: CommitsOptions
  readonly #salt: string
  readonly #statement: { readonly name: string; readonly text: string }
  readonly #known = new KnownCounters()
  readonly #inFlight = new Ground(areApart)
  #waiting: Pending[] = []
  #running = 0
  #isPumping = false

  constructor(options: CommitsOptions) {
    this.#options = options
    const { schema, space } = options
    this.#salt = `${schema}.${space}`
    const places = parameters.map(([, type], index) => `$${index + 1}::${type}`)
    this.#statement = {
      name: `commit-${space}`,
      text: `SELECT ${commitFunctionName(schema, space)}(${places.join(', ')})`,
    }
  }

  add(commit: Commit): Promise<Committed | undefined> {
    if (this.#waiting.length >= waitingMax) return Promise.reject(unavailable())
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#options.retryMs
      this.#waiting.push({ commit, footprint: footprintOf(commit), deadline, resolve, reject })
      if (this.#isPumping) return
      this.#isPumping = true
      setImmediate(() => {
        this.#isPumping = false
        this.#pump()
      })
    })
  }

  #pump(): void {
    while (this.#running < this.#options.pool.writersMax && this.#waiting.length > 0) {
      const group = this.#takeGroup()
      if (group.length === 0) return
      for (const { footprint } of group) this.#inFlight.add(footprint)
      this.#running++
      void this.#run(group).finally(() => {
        for (const { footprint } of group) this.#inFlight.remove(footprint)
        this.#running--
        this.#pump()
      })
    }
  }

  /** Takes commits that fit together. A later commit that touches the same rows never overtakes a waiting one. */
  #takeGroup(): Pending[] {
    const group: Pending[] = []
    const rest: Pending[] = []
    const together = new Ground(areTogether)
    const passed = new Ground(areApart)
    let locks = 0
    let bytes = 0
    for (const pending of this.#waiting) {
      const { footprint, commit } = pending
      if (rest.length + group.length >= lookedAtMax) rest.push(pending)
      else if (
        group.length < commitsMax &&
        (group.length === 0 || (locks + footprint.size <= locksMax && bytes < bytesMax)) &&
        [this.#inFlight, passed, together].every((ground) => ground.fits(footprint))
      ) {
        group.push(pending)
        together.add(footprint)
        locks = together.size
        bytes += sizeOf(commit)
      } else {
        rest.push(pending)
        passed.add(footprint)
      }
    }
    this.#waiting = rest
    return group
  }

  async #run(group: readonly Pending[]): Promise<void> {
    try {
      const refused = new Set(await this.#apply(group))
      for (const [index, { resolve }] of group.entries()) resolve(refused.has(index) ? undefined : flushed)
    } catch (error) {
      if (group.length === 1 || error instanceof ApiError) {
        for (const { reject } of group) reject(asCallersError(error))
      } else {
        // One commit cannot be applied, alone or together with the others.
        for (const pending of group) {
          // After such a long time without an answer, each single commit would wait as long again.
          const isOver = isCancelled(error) && performance.now() > pending.deadline
          if (isOver) pending.reject(unavailable(error))
          else await this.#run([pending])
        }
      }
    }
  }

  /** Returns the places of the refused commits. */
  async #apply(group: readonly Pending[]): Promise<readonly number[]> {
    const { pool, outcomes } = this.#options
    const deadline = Math.max(...group.map((pending) => pending.deadline))
    for (let attempt = 0; ; attempt++) {
      const result = await pool.use(true, deadline, (connection) => this.#send(connection, group))
      if ('refused' in result) return result.refused
      if ('unknown' in result) {
        const outcome = await outcomes.find(result.unknown, deadline)
        if (outcome !== undefined) return outcome.refused
      }
      if (performance.now() > deadline) throw unavailable('failed' in result ? result.failed : undefined)
      if ('failed' in result && attempt > 0) await pause(attempt)
    }
  }

  /** `failed`: nothing was applied, and a retry may succeed. */
  async #send(connection: Connection, group: readonly Pending[]): Promise<Sent> {
    const { schema } = this.#options
    let commitNumber: number | undefined
    try {
      const lane = await connection.enterLane(schema)
      commitNumber = connection.commitNumber + 1
      const values = [lane, String(commitNumber), ...encodeGroup(group, this.#known, this.#salt)]
      const [[refused] = []] = await connection.query({ ...this.#statement, values })
      connection.commitNumber = commitNumber
      this.#learn(group)
      return { refused: refused as number[] }
    } catch (error) {
      if (group.length > 1 && hasTooManyLocks(error)) throw error
      if (isLockWait(error)) await endHungSessions(connection).catch(() => undefined)
      return this.#failed(connection, commitNumber, error)
    }
  }

  #failed(connection: Connection, number: number | undefined, error: unknown): Sent {
    const code = sqlStateOf(error)
    if (code === weakLocks) this.#known.correct(detailOf(error))
    else if (code === laneClosed) connection.lane = undefined
    else if (isOutcomeUnknown(error) && connection.lane !== undefined && number !== undefined) {
      connection.destroy()
      return { unknown: { lane: connection.lane, number, connectionName: connection.name } }
    } else {
      const failure = failureOf(error)
      if (failure === 'elsewhere') connection.destroy()
      if (failure === 'final') throw error
    }
    return { failed: error }
  }

  #learn(group: readonly Pending[]): void {
    for (const { footprint } of group) {
      for (const [name, mode] of footprint) if (mode === 'add') this.#known.add(name.slice(1))
    }
  }
}

type Sent = { readonly refused: readonly number[] } | { readonly unknown: UnknownCommit } | { readonly failed: unknown }

const detailOf = (error: unknown): string =>
  error instanceof Error && 'detail' in error && typeof error.detail === 'string' ? error.detail : ''

function sizeOf({ writes }: Commit): number {
  let bytes = 0
  for (const write of writes) if ('value' in write) bytes += write.value?.length ?? 0
  return bytes
}
