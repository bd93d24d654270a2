/**
 * New secrets that may be shown once, on the page after their creation: each has a row for a few minutes, for the
 * session that created it. The row does not contain the secret. If the page itself created a key, reloading it would
 * create another.
 */
import { hash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'

const keptMs = 5 * 60_000

export interface NewKey {
  readonly userName: string
  readonly id: string
}

interface ShownRow {
  /** The key that it replaces. */
  readonly old?: string | undefined
  readonly expiresAtMs: number
}

export class ShownOnce {
  readonly #engine: MetadataEngine
  readonly #clock: Clock

  constructor(engine: MetadataEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  async put(sessionId: string, key: NewKey, old: string | undefined): Promise<void> {
    const row: ShownRow = { old, expiresAtMs: this.#clock.nowMs() + keptMs }
    await this.#engine.commit({ checks: [], writes: [{ key: keyOf(sessionId, key), value: encodeJson(row) }] })
  }

  /** Undefined: it was shown, or too much time has passed. */
  async take(sessionId: string, key: NewKey): Promise<Pick<ShownRow, 'old'> | undefined> {
    const rowKeyOf = keyOf(sessionId, key)
    const value = await this.#engine.get(rowKeyOf)
    if (value === undefined) return undefined
    const checks = [{ key: rowKeyOf, is: value }]
    const isFirst = (await this.#engine.commit({ checks, writes: [{ key: rowKeyOf, value: undefined }] })) !== undefined
    const row = decodeJson<ShownRow>(value)
    return isFirst && row.expiresAtMs > this.#clock.nowMs() ? row : undefined
  }
}

const keyOf = (sessionId: string, { userName, id }: NewKey): Buffer =>
  rowKey('K', hash('sha256', JSON.stringify([sessionId, userName, id]), 'base64url'))
