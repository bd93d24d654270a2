/** Counts the versions that each key encrypts, in steps of bounded time, and keeps the last count. */
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, eachRow, encodeJson, rowKey, rowParts, rowsAfter, rowsOf } from '#metadata/tables.ts'
import { decodeVersion } from '#metadata/version-codec.ts'
import { type KeyUses, keyNameOf } from '#model/key-uses.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'

const tables = ['o', 'v', 'u'] as const

export interface UsesPosition {
  readonly table: (typeof tables)[number]
  /** The last row seen, base64; undefined at the beginning of the table. */
  readonly after: string | undefined
}

export const firstPosition: UsesPosition = { table: 'o', after: undefined }

export interface CountStretch {
  readonly engine: MetadataEngine
  readonly clock: Clock
  readonly from: UsesPosition
  readonly forMs: number
  readonly signal: AbortSignal
}

interface Counted {
  readonly counts: Readonly<Record<string, number>>
  /** Undefined if everything is counted. */
  readonly next: UsesPosition | undefined
}

export async function countKeyUses({ engine, clock, from, forMs, signal }: CountStretch): Promise<Counted> {
  const startMs = clock.elapsedMs()
  const range = rowsOf(from.table)
  const rest = from.after === undefined ? range : rowsAfter(range, Buffer.from(from.after, 'base64'), 'row')
  const counts: Record<string, number> = {}
  let seen = 0
  for await (const { key, value } of eachRow(engine, rest)) {
    const { encryption } =
      from.table === 'u'
        ? decodeJson<{ encryption?: ObjectEncryption }>(value)
        : decodeVersion(rowParts(key)[1] ?? '', value)
    const name = keyNameOf(encryption)
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1
    // The clock is read only sometimes: a row takes some microseconds.
    if (++seen % 500 > 0 || (clock.elapsedMs() - startMs <= forMs && !signal.aborted)) continue
    return { counts, next: { table: from.table, after: Buffer.from(key).toString('base64') } }
  }
  const table = tables[tables.indexOf(from.table) + 1]
  return { counts, next: table && { table, after: undefined } }
}

const row = rowKey('g', 'sealed')

export async function findKeyUses(engine: Pick<MetadataEngine, 'get'>): Promise<KeyUses | undefined> {
  const value = await engine.get(row)
  return value === undefined ? undefined : decodeJson<KeyUses>(value)
}

export async function keepKeyUses(engine: Pick<MetadataEngine, 'commit'>, uses: KeyUses): Promise<void> {
  await engine.commit({ checks: [], writes: [{ key: row, value: encodeJson(uses) }] })
}
