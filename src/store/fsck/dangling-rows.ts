/** Finds rows of removed versions and uploads. */
import type { MetadataEngine } from '#metadata/engine.ts'
import { batches, forgetNamed, forgetNamedSets } from '#metadata/named-blobs.ts'
import { eachRow, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'

/** The number of names in memory. The rows are read once for each batch. */
const batchMax = 100_000

/** Rows of the parts of removed objects. */
export async function* findDanglingRows(engine: MetadataEngine): AsyncGenerator<Uint8Array> {
  for await (const batch of batches(eachRow(engine, rowsOf('m')), batchMax)) {
    const unnamed = new Map(batch.map(({ key }) => [rowParts(key)[0] ?? '', key]))
    await forgetNamed(engine, unnamed)
    yield* unnamed.values()
  }
  yield* danglingAnnotations(engine)
  const uploads = new Set<string>()
  for await (const { key } of eachRow(engine, rowsOf('u'))) uploads.add(rowParts(key)[2] ?? '')
  for (const table of ['p', 's'] as const) {
    for await (const { key } of eachRow(engine, rowsOf(table))) if (!uploads.has(rowParts(key)[0] ?? '')) yield key
  }
  for await (const { key, value } of eachRow(engine, rowsOf('n'))) {
    const [bucket = '', name = ''] = rowParts(key)
    const order = Buffer.from(value).toString()
    if ((await engine.get(rowKey('v', bucket, name, order))) === undefined) yield key
  }
}

/** Rows of annotations in a set that belongs to no version. Sets that a start removes have a row of their own. */
async function* danglingAnnotations(engine: MetadataEngine): AsyncGenerator<Uint8Array> {
  for (const table of ['y', 'z'] as const) {
    for await (const batch of batches(eachRow(engine, rowsOf(table)), batchMax)) {
      const unnamed = new Set(batch.map(({ key }) => rowParts(key)[0] ?? ''))
      for await (const { key } of eachRow(engine, rowsOf('l'))) unnamed.delete(rowParts(key)[0] ?? '')
      await forgetNamedSets(engine, unnamed)
      for (const { key } of batch) if (unnamed.has(rowParts(key)[0] ?? '')) yield key
    }
  }
}
