/**
 * Sessions as rows of the index: they survive restarts and are shared by all processes. A row is written when a session
 * changes, and about once a minute while it is used. A job removes expired rows (jobs/all.ts).
 */
import { type SessionData, Store } from 'express-session'
import type { SessionRow } from '#access/sign-in/session-rows.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'

const touchEveryMs = 60_000

/** `null`: the session was ended. */
type StoredRow = SessionRow<SessionData | null>
type LiveRow = SessionRow<SessionData>

export class SessionStore extends Store {
  readonly #engine: MetadataEngine
  readonly #idleMs: number
  readonly #clock: Clock

  constructor(engine: MetadataEngine, idleMs: number, clock: Clock) {
    super()
    this.#engine = engine
    this.#idleMs = idleMs
    this.#clock = clock
  }

  override get(sessionId: string, done: (error: unknown, session?: SessionData | null) => void): void {
    this.#read(sessionId).then((row) => done(null, row?.session ?? null), done)
  }

  override set(sessionId: string, session: SessionData, done: (error?: unknown) => void = () => {}): void {
    this.#change(sessionId, (row) => (row?.session === null ? undefined : session)).then(() => done(), done)
  }

  override touch(sessionId: string, { cookie }: SessionData, done: () => void = () => {}): void {
    this.#change(sessionId, (row) => {
      if (!this.#isLive(row) || this.#isFresh(row)) return undefined
      return { ...row.session, cookie }
    }).then(done, done)
  }

  /**
   * A row without a session stays for a while: a request that is still being answered must not bring the session back.
   */
  override destroy(sessionId: string, done: (error?: unknown) => void = () => {}): void {
    this.#change(sessionId, () => null).then(() => done(), done)
  }

  async #read(sessionId: string): Promise<LiveRow | undefined> {
    const value = await this.#engine.get(rowKey('w', sessionId))
    const row = value === undefined ? undefined : decodeJson<StoredRow>(value)
    return this.#isLive(row) ? row : undefined
  }

  #isLive(row: StoredRow | undefined): row is LiveRow {
    return row !== undefined && row.session !== null && row.expiresAtMs > this.#clock.nowMs()
  }

  #isFresh({ expiresAtMs }: LiveRow): boolean {
    return expiresAtMs - this.#clock.nowMs() > this.#idleMs - touchEveryMs
  }

  /**
   * `change` returns the new state of the session; undefined if it stays. Two requests of one session never undo each
   * other's change.
   */
  async #change(
    sessionId: string,
    change: (row: StoredRow | undefined) => SessionData | null | undefined,
  ): Promise<void> {
    const key = rowKey('w', sessionId)
    await transact(this.#engine, async (transaction) => {
      const value = await transaction.get(key)
      const session = change(value === undefined ? undefined : decodeJson<StoredRow>(value))
      if (session === undefined) return
      const row: StoredRow = { session, expiresAtMs: this.#clock.nowMs() + this.#idleMs }
      transaction.put(key, encodeJson(row))
    })
  }
}
