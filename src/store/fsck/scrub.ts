/**
 * The scrub: while a store is open, one process reads every version now and then and compares it with its record, so that damage is found
 * while there still is a backup. It takes a twentieth of one processor's time, or of the disk's. It repairs nothing, but adopts what was
 * changed by hand, as every read does; leftover files are counted for `myfsio fsck --repair`.
 */

import type { Pace } from '#blobs/contract/inspection.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { decodeJson, eachRow, encodeJson, rowKey, rowParts, rowsAfter, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { StoreContext } from '#store/context.ts'
import type { Scrub } from '#store/contract.ts'
import { findVersion } from '#store/read.ts'

/** So far a scrub is, and what it has found; a process that starts goes on with it. */
interface ScrubRow extends Scrub {
  /** Row of the last version that was compared, or the table that is next; undefined: all have been. */
  readonly position: { readonly table: 'o' | 'v'; readonly after: string | undefined } | undefined
}

const scrubKey = rowKey('g', 'scrub')
const firstAfterMs = 60_000
const lookEveryMs = 60_000
const noteEveryMs = 2000
const examplesMax = 20
const busyShare = 1 / 20
/** Shorter breaks cost more than they give. */
const workMs = 10

export function scrubAgainAndAgain(context: StoreContext, intervalMs: number, signal: AbortSignal): void {
  let isRunning = false
  const look = async () => {
    if (isRunning || signal.aborted) return
    isRunning = true
    try {
      const last = await findRow(context)
      const isDue = last === undefined || Date.now() - last.startedAtMs >= intervalMs
      if (last?.endedAtMs === undefined || isDue) await scrub(context, signal)
    } catch (error) {
      if (!signal.aborted) context.log.warn({ err: error }, 'the scrub was interrupted; it goes on in a while')
    } finally {
      isRunning = false
    }
  }
  const first = setTimeout(() => void look(), Math.min(firstAfterMs, intervalMs)).unref()
  const timer = setInterval(() => void look(), Math.min(lookEveryMs, intervalMs)).unref()
  signal.addEventListener('abort', () => {
    clearTimeout(first)
    clearInterval(timer)
  })
}

export async function findScrub(context: Pick<StoreContext, 'engine'>): Promise<Scrub | undefined> {
  const row = await findRow(context)
  if (row === undefined) return undefined
  const { position: _, ...scrub } = row
  return scrub
}

async function findRow({ engine }: Pick<StoreContext, 'engine'>): Promise<ScrubRow | undefined> {
  const value = await engine.get(scrubKey)
  return value === undefined ? undefined : decodeJson<ScrubRow>(value)
}

/** Goes on with one that was interrupted, or begins another. */
export async function scrub(context: StoreContext, signal: AbortSignal, pace: Pace = restFor(signal)): Promise<void> {
  const last = await findRow(context)
  await new ScrubRun(context, signal, pace, last?.endedAtMs === undefined ? last : undefined).run()
}

/** Sleeps until our work was as little as it may be. */
function restFor(signal: AbortSignal): Pace {
  let owedMs = 0
  return async (busyMs) => {
    owedMs += busyMs
    if (owedMs < workMs || signal.aborted) return
    const restMs = owedMs * (1 / busyShare - 1)
    owedMs = 0
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, restMs).unref()
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer)
          resolve()
        },
        { once: true },
      )
    })
  }
}

class ScrubRun {
  readonly #context: StoreContext
  readonly #signal: AbortSignal
  readonly #pace: Pace
  #row: ScrubRow
  #notedAtMs = 0

  constructor(context: StoreContext, signal: AbortSignal, pace: Pace, last: ScrubRow | undefined) {
    this.#context = context
    this.#signal = signal
    this.#pace = pace
    const position = { table: 'o', after: undefined } as const
    const fresh = {
      startedAtMs: Date.now(),
      endedAtMs: undefined,
      versions: 0,
      bytes: 0,
      found: 0,
      leftovers: 0,
      examples: [],
    }
    this.#row = last ?? { ...fresh, notedAtMs: Date.now(), position }
  }

  async run(): Promise<void> {
    await this.#note({})
    for (const table of ['o', 'v'] as const) {
      if (this.#row.position?.table !== table) continue
      if (!(await this.#compareAll(table))) return this.#note({})
      await this.#note({ position: table === 'o' ? { table: 'v', after: undefined } : undefined })
    }
    await this.#countLeftovers()
    if (this.#signal.aborted) return
    await this.#note({ endedAtMs: Date.now() })
    const { versions, found, leftovers } = this.#row
    const level = found > 0 ? 'error' : 'info'
    this.#context.log[level]({ versions, found, leftovers }, 'the scrub has compared every version with its record')
  }

  /** False if it was interrupted. */
  async #compareAll(table: 'o' | 'v'): Promise<boolean> {
    const all = rowsOf(table)
    const after = this.#row.position?.after
    const range = after === undefined ? all : rowsAfter(all, Buffer.from(after, 'base64'), 'row')
    for await (const { key, value } of eachRow(this.#context.engine, range, 100)) {
      if (this.#signal.aborted) return false
      const [bucket = '', name = ''] = rowParts(key)
      const version = decodeVersion(name, value)
      if (!version.isDeleteMarker) await this.#compare(bucket, version)
      this.#row = { ...this.#row, position: { table, after: Buffer.from(key).toString('base64') } }
      if (Date.now() - this.#notedAtMs > noteEveryMs) await this.#note({})
    }
    return true
  }

  async #compare(bucket: string, version: StoredVersion): Promise<void> {
    const startMs = performance.now()
    let pacedMs = 0
    const pace: Pace = async (busyMs) => {
      pacedMs += busyMs
      const restMs = performance.now()
      await this.#pace(busyMs)
      pacedMs += performance.now() - restMs
    }
    try {
      const what = await this.#findFault(bucket, version, pace)
      if (what !== undefined) this.#tell(bucket, version, what)
    } catch (error) {
      if (hasCode(error, 'EIO')) this.#tell(bucket, version, 'The disk cannot read the file.')
      // Another that is read again and again, or one that may not be read, is no fault of its bytes.
      else
        this.#context.troubles.tellOfFile('warn', error, { bucket, key: version.key }, 'a file could not be scrubbed')
    }
    const { versions, bytes } = this.#row
    this.#row = { ...this.#row, versions: versions + 1, bytes: bytes + version.sizeBytes }
    await this.#pace(Math.max(0, performance.now() - startMs - pacedMs))
  }

  async #findFault(bucket: string, version: StoredVersion, pace: Pace): Promise<string | undefined> {
    const verdict = await this.#context.blobs.inspection.compare(bucket, version, { pace, mayWrite: true })
    if (verdict === 'right' || verdict === 'moved') return undefined
    if (verdict === 'damaged') return 'The file has other bytes than were stored.'
    try {
      // What was changed or removed by hand is adopted, and what was moved meanwhile is found.
      await findVersion(this.#context, bucket, version.key, version.versionId)
      return undefined
    } catch (error) {
      if (error instanceof ApiError && error.code === 'InternalError') return 'The file is missing.'
      throw error
    }
  }

  #tell(bucket: string, { key, versionId }: StoredVersion, what: string): void {
    this.#context.troubles.tellOfFile(
      'error',
      undefined,
      { bucket, key, versionId },
      'the scrub has found a version without its bytes',
    )
    const { found, examples } = this.#row
    const more = examples.length < examplesMax ? [...examples, { bucket, key, versionId, what }] : examples
    this.#row = { ...this.#row, found: found + 1, examples: more }
  }

  async #countLeftovers(): Promise<void> {
    let leftovers = 0
    for await (const _ of this.#context.blobs.inspection.leftovers()) {
      if (this.#signal.aborted) return
      leftovers++
    }
    this.#row = { ...this.#row, leftovers }
  }

  async #note(more: Partial<ScrubRow>): Promise<void> {
    this.#notedAtMs = Date.now()
    this.#row = { ...this.#row, ...more, notedAtMs: this.#notedAtMs }
    const writes = [{ key: scrubKey, value: encodeJson(this.#row) }]
    await this.#context.engine.commit({ checks: [], writes })
  }
}
