/** Moves one version. Its stored bytes are compared with the checksum of its record on the way. */

import type { StagedBlob } from '#blobs/contract/incoming.ts'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { eachRow, rowKey, rowsOf } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { restoreVersion } from '#store/changes/restore-version.ts'
import type { StoreContext } from '#store/context.ts'
import { findRecord, findVersion } from '#store/reads/read.ts'

export interface Stores {
  readonly from: StoreContext
  readonly to: StoreContext
}

/** Throws an Error with a sentence if bytes are missing or damaged. */
export async function moveVersion({ from, to }: Stores, bucket: string, version: StoredVersion): Promise<void> {
  const { annotations, partCount, isDeleteMarker } = version
  if (annotations !== undefined) await moveAnnotations({ from, to }, annotations.id)
  const parts = partCount === 0 ? undefined : await from.engine.get(rowKey('m', version.blob.id))
  const staged = isDeleteMarker ? undefined : await moveBytes({ from, to }, bucket, version)
  await restoreVersion(to, bucket, { version, staged, parts })
}

async function moveBytes({ from, to }: Stores, bucket: string, version: StoredVersion): Promise<StagedBlob> {
  const blob = await openBytes(from, bucket, version)
  try {
    return await stageSame(to, blob, version)
  } finally {
    blob.close()
  }
}

/** After a file was copied or changed by hand, a search has to find it before its record is right. */
async function openBytes(from: StoreContext, bucket: string, version: StoredVersion): Promise<OpenBlob> {
  const { key, versionId, order } = version
  let blob = await from.blobs.open(bucket, version)
  if (blob === undefined) {
    await findVersion(from, bucket, key, versionId)
    const record = await findRecord(from, bucket, key, versionId)
    if (record?.order !== order) throw new Error('it was changed by hand; the next run takes what is there')
    blob = await from.blobs.open(bucket, record)
  }
  if (blob === undefined) throw new Error('its bytes are missing; run fsck for details')
  if (blob === 'damaged') throw new Error('its bytes are damaged; run fsck for details')
  return blob
}

async function stageSame(to: StoreContext, blob: OpenBlob, version: StoredVersion): Promise<StagedBlob> {
  const { sizeBytes } = blob
  const range = { start: 0, end: sizeBytes }
  const isSealed = version.encryption !== undefined
  const body = { source: blob.uncheckedStream(range), sizeBytes, maxBytes: sizeBytes, algorithms: [] }
  const staged = await to.blobs.stage({ ...body, ...(isSealed && { isSealed }) })
  try {
    blob.assertCopied(range, staged.digests)
    const expected = keptCrc64nvmeOf(version)
    const found = staged.digests.get('CRC64NVME')?.toString('base64')
    if (expected !== undefined && expected !== found) throw new Error('its bytes are damaged; run fsck for details')
    return staged
  } catch (error) {
    to.blobs.discard(staged)
    throw error
  }
}

const rowsAtOnce = 50

/** Moved before their version. If the move is given up, they are removed with their bucket. */
async function moveAnnotations({ from, to }: Stores, setId: string): Promise<void> {
  for (const table of ['y', 'z'] as const) {
    let writes: { key: Uint8Array; value: Uint8Array }[] = []
    const flush = async () => {
      if (writes.length > 0) await to.engine.commit({ checks: [], writes })
      writes = []
    }
    for await (const row of eachRow(from.engine, rowsOf(table, setId), rowsAtOnce)) {
      writes.push(row)
      if (writes.length >= rowsAtOnce) await flush()
    }
    await flush()
  }
}
