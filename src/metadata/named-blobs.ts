/** Finds blobs that belong to no version. */
import type { MetadataEngine } from './engine.ts'
import { eachRow, rowParts, rowsOf } from './tables.ts'
import { decodeVersion } from './version-codec.ts'

/** Removes the ids of blobs that belong to a version. All versions are read. */
export async function forgetNamed(engine: MetadataEngine, unnamed: Map<string, unknown>): Promise<void> {
  for (const table of ['o', 'v'] as const) {
    for await (const { key, value } of eachRow(engine, rowsOf(table))) {
      unnamed.delete(decodeVersion(rowParts(key)[1] ?? '', value).blob.id)
      if (unnamed.size === 0) return
    }
  }
}

/** The same for sets of annotations. */
export async function forgetNamedSets(engine: MetadataEngine, unnamed: Set<string>): Promise<void> {
  for (const table of ['o', 'v'] as const) {
    for await (const { key, value } of eachRow(engine, rowsOf(table))) {
      if (unnamed.size === 0) return
      unnamed.delete(decodeVersion(rowParts(key)[1] ?? '', value).annotations?.id ?? '')
    }
  }
}

export async function* batches<T>(items: AsyncIterable<T>, max: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    if (batch.push(item) < max) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
