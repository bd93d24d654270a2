import type { MetadataEngine } from '#metadata/engine.ts'
import { eachRow, rowsOf } from '#metadata/tables.ts'
import { decodePending } from './pending.ts'

/** Ids of the staged files and uploads that rows name. */
export async function namedFiles(engine: MetadataEngine): Promise<Set<string>> {
  const named = new Set<string>()
  for await (const { value } of eachRow(engine, rowsOf('q'), 200)) {
    const { fileId, uploadId } = decodePending(value)
    for (const id of [fileId, uploadId]) if (id !== undefined) named.add(id)
  }
  return named
}
