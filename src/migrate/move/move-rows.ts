/** Rows that are the same in every store: buckets, settings, and everything else beside versions. */
import type { MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { decodeCounters } from '#metadata/write.ts'
import type { StoreContext } from '#store/context.ts'
import type { Stores } from './move-version.ts'

/** The target has this row until the move has ended, so that no server starts on an incomplete store. */
export const movingKey: Buffer = rowKey('g', 'moving')

export async function moveBucketRows({ from, to }: Stores): Promise<string[]> {
  const buckets: string[] = []
  for await (const { key, value } of eachRow(from.engine, rowsOf('b'))) {
    const [name = ''] = rowParts(key)
    buckets.push(name)
    await put(to, [{ key, value }])
    await to.blobs.buckets.make(name)
  }
  await copyTable({ from, to }, 'x')
  return buckets
}

/** Moved after the versions: rows that tell clients and jobs about the past. */
export async function moveOtherRows({ from, to }: Stores): Promise<void> {
  await copyTable({ from, to }, 'd')
  await copyEvents({ from, to })
  for (const name of ['time', 'sealed']) {
    const key = rowKey('g', name)
    const value = await from.engine.get(key)
    if (value !== undefined) await put(to, [{ key, value }])
  }
}

const rowsAtOnce = 200

async function copyTable({ from, to }: Stores, table: 'x' | 'd'): Promise<void> {
  let rows: { key: Uint8Array; value: Uint8Array }[] = []
  for await (const row of eachRow(from.engine, rowsOf(table))) {
    rows.push(row)
    if (rows.length < rowsAtOnce) continue
    await put(to, rows)
    rows = []
  }
  await put(to, rows)
}

/** The event counter is moved by adding the difference: an engine may store it in several rows. */
async function copyEvents({ from, to }: Stores): Promise<void> {
  for await (const { key, value } of eachRow(from.engine, rowsOf('e'))) {
    if (rowParts(key).length > 1) {
      await put(to, [{ key, value }])
      continue
    }
    const missing = (await nextOf(from.engine, key)) - (await nextOf(to.engine, key))
    if (missing !== 0) await to.engine.commit({ checks: [], writes: [{ key, add: { next: missing } }] })
  }
}

const nextOf = async (engine: MetadataEngine, key: Uint8Array): Promise<number> =>
  decodeCounters(await engine.get(key)).next ?? 0

async function put({ engine }: StoreContext, writes: { key: Uint8Array; value: Uint8Array }[]): Promise<void> {
  if (writes.length > 0) await engine.commit({ checks: [], writes })
}
