/**
 * Sessions as rows of the index: they survive restarts and are shared by all processes. A row is written when a session
 * changes, and about once a minute while it is used.
 */
import { type SessionData, Store } from 'express-session'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey, rowsAfter, rowsOf } from '#metadata/tables.ts'

interface SessionRow {
  readonly session: SessionData
  readonly expiresAtMs: number
}

const touchEveryMs = 60_000
const sweepEveryMs = 60 * 60 * 1000
const sweepRows = 500

/** The number of sessions, up to `countedMax`, and how many of these have expired and wait for the next sweep. */
export async function countSessions(
  engine: MetadataEngine,
  countedMax: number,
): Promise<{ readonly live: number; readonly expired: number }> {
  const rows = await engine.scan(rowsOf('w'), { limit: countedMax })
  const nowMs = Date.now()
  const expired = rows.filter(({ value }) => decodeJson<SessionRow>(value).expiresAtMs <= nowMs).length
  return { live: rows.length - expired, expired }
}

export class SessionStore extends Store {
  readonly #engine: MetadataEngine
  readonly #idleMs: number
  readonly #sweeper: NodeJS.Timeout

  constructor(engine: MetadataEngine, idleMs: number) {
    super()
    this.#engine = engine
    this.#idleMs = idleMs
    this.#sweeper = setInterval(() => void this.sweep().catch(() => {}), sweepEveryMs).unref()
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
        const isFresh = row === undefined || row.expiresAtMs - Date.now() > this.#idleMs - touchEveryMs
        return isFresh ? undefined : this.#write(sessionId, { ...row.session, cookie: session.cookie })
      })
      .then(done, done)
  }

  override destroy(sessionId: string, done: (error?: unknown) => void = () => {}): void {
    this.#engine
      .commit({ checks: [], writes: [{ key: rowKey('w', sessionId), value: undefined }] })
      .then(() => done(), done)
  }

  /** Removes expired sessions, a page at a time. */
  async sweep(nowMs: number = Date.now()): Promise<void> {
    let range = rowsOf('w')
    for (;;) {
      const rows = await this.#engine.scan(range, { limit: sweepRows })
      const last = rows.at(-1)
      if (last === undefined) return
      const expired = rows.filter(({ value }) => decodeJson<SessionRow>(value).expiresAtMs <= nowMs)
      const writes = expired.map(({ key }) => ({ key, value: undefined }))
      if (writes.length > 0) await this.#engine.commit({ checks: [], writes })
      range = rowsAfter(range, last.key, 'row')
    }
  }

  close(): void {
    clearInterval(this.#sweeper)
  }

  async #read(sessionId: string): Promise<SessionRow | undefined> {
    const value = await this.#engine.get(rowKey('w', sessionId))
    const row = value === undefined ? undefined : decodeJson<SessionRow>(value)
    return row !== undefined && row.expiresAtMs > Date.now() ? row : undefined
  }

  async #write(sessionId: string, session: SessionData): Promise<void> {
    const row: SessionRow = { session, expiresAtMs: Date.now() + this.#idleMs }
    await this.#engine.commit({ checks: [], writes: [{ key: rowKey('w', sessionId), value: encodeJson(row) }] })
  }
}
