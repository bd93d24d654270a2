/**
 * Logs a problem once instead of every time: each write, read and scan meets a folder that cannot be written to. A
 * problem that still exists after an hour is logged again.
 */
import { dirname } from 'node:path'
import type { LevelLog } from '#lib/log/level-log.ts'

const againAfterMs = 60 * 60 * 1000
const rememberedMax = 1000

export interface Troubled {
  readonly bucket: string
  readonly key: string
  readonly versionId?: string
}

export class TroubleLog {
  readonly #log: LevelLog
  /** The time when each problem was logged, oldest first. */
  readonly #toldAtMs = new Map<string, number>()

  constructor(log: LevelLog) {
    this.#log = log
  }

  /** Logs a problem of one file. */
  tellOfFile(level: 'warn' | 'error', error: unknown, file: Troubled, message: string): void {
    const { bucket, key, versionId } = file
    this.#tell(level, error, [`${bucket}/${key}`, versionId].join('\0'), file, message)
  }

  /** Logs a problem of a folder. Its files have the same problem, so only the first is logged. */
  tellOfFolder(level: 'warn' | 'error', error: unknown, { bucket, key }: Troubled, message: string): void {
    this.#tell(level, error, `${bucket}/${key.endsWith('/') ? key : `${dirname(key)}/`}`, { bucket, key }, message)
  }

  #tell(level: 'warn' | 'error', error: unknown, where: string, fields: Troubled, message: string): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const trouble = [message, code, where].join('\0')
    const now = performance.now()
    if (now - (this.#toldAtMs.get(trouble) ?? Number.NEGATIVE_INFINITY) < againAfterMs) return
    this.#toldAtMs.delete(trouble)
    const [oldest] = this.#toldAtMs.keys()
    if (oldest !== undefined && this.#toldAtMs.size >= rememberedMax) this.#toldAtMs.delete(oldest)
    this.#toldAtMs.set(trouble, now)
    const { bucket, key, versionId } = fields
    const named = versionId === undefined ? { bucket, key } : { bucket, key, versionId }
    this.#log[level](error === undefined ? named : { err: error, ...named }, message)
  }
}
