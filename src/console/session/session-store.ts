/**
 * Sessions as rows of the index: they survive restarts and are shared by all processes. A row is written when a session
 * changes, and about once a minute while it is used. A job removes expired rows (jobs/all.ts).
 */
import { type SessionData, Store } from 'express-session'
import type { SessionRow } from '#access/sign-in/session-rows.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'

const touchEveryMs = 60_000

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
    this.#write(sessionId, session).then(() => done(), done)
  }

  override touch(sessionId: string, session: SessionData, done: () => void = () => {}): void {
    this.#read(sessionId)
      .then((row) => {
        const isFresh = row === undefined || row.expiresAtMs - this.#clock.nowMs() > this.#idleMs - touchEveryMs
        return isFresh ? undefined : this.#write(sessionId, { ...row.session, cookie: session.cookie })
      })
      .then(done, done)
  }

  override destroy(sessionId: string, done: (error?: unknown) => void = () => {}): void {
    this.#engine
      .commit({ checks: [], writes: [{ key: rowKey('w', sessionId), value: undefined }] })
      .then(() => done(), done)
  }

  async #read(sessionId: string): Promise<SessionRow<SessionData> | undefined> {
    const value = await this.#engine.get(rowKey('w', sessionId))
    const row = value === undefined ? undefined : decodeJson<SessionRow<SessionData>>(value)
    return row !== undefined && row.expiresAtMs > this.#clock.nowMs() ? row : undefined
  }

  async #write(sessionId: string, session: SessionData): Promise<void> {
    const row: SessionRow<SessionData> = { session, expiresAtMs: this.#clock.nowMs() + this.#idleMs }
    await this.#engine.commit({ checks: [], writes: [{ key: rowKey('w', sessionId), value: encodeJson(row) }] })
  }
}
