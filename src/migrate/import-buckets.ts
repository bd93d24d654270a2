/** Imports one bucket of the source, or all. */
import type { ImportContext } from './import/context.ts'
import { importBucket } from './import/import-bucket.ts'
import type { SourceAddress } from './source/source-address.ts'

export interface ImportRequest {
  readonly address: Pick<SourceAddress, 'bucket' | 'prefix'>
  /** The name of the target bucket, if it differs. */
  readonly into: string | undefined
}

/** Throws if the source cannot list its buckets. */
export async function importBuckets(context: ImportContext, { address, into }: ImportRequest): Promise<void> {
  const { bucket, prefix } = address
  if (bucket !== undefined) return importBucket(context, { from: bucket, to: into ?? bucket }, prefix)
  for (const name of await context.source.listBuckets()) {
    await importBucket(context, { from: name, to: name }, '')
  }
}
