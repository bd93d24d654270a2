/** Finds where the bytes of a version are, by the index of a STORAGE_ROOT. Servers may be using it. */

import { openEngine } from '#app/open-store.ts'
import type { Whereabouts } from '#blobs/contract/blob-store.ts'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { whereaboutsOf } from '#blobs/files/place/whereabouts.ts'
import { storeKey } from '#metadata/store-key.ts'
import { findRecord } from '#store/reads/read.ts'

export interface BytesAddress {
  readonly root: string
  readonly bucket: string
  readonly key: string
  /** Undefined: the current version. */
  readonly versionId: string | undefined
}

const bytesUpstream =
  'The bytes of this index are in the S3 store of BLOBS_URL, under ids of their own, and no file of this machine has them.'

/** Undefined: there is no such version, or it is a delete marker. Throws StartRefused. */
export async function findBytes({ root, bucket, key, versionId }: BytesAddress): Promise<Whereabouts | undefined> {
  const engine = openEngine({ root, durability: 'strict', engine: 'lmdb' })
  try {
    if ((await engine.get(storeKey)) !== undefined) throw new StartRefused(bytesUpstream)
    const version = await findRecord({ engine }, bucket, key, versionId)
    const isThere = version !== undefined && !version.isDeleteMarker
    return isThere ? whereaboutsOf(new Layout(root), bucket, version) : undefined
  } finally {
    await engine.close()
  }
}
