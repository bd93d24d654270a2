/**
 * A blob store that seals all that comes with keys of the test, over another: what the store above makes of the two.
 */
import { randomBytes } from 'node:crypto'
import type { BlobStore } from '#blobs/contract/blob-store.ts'
import type { PartBlobs } from '#blobs/contract/part-blobs.ts'
import { sealedOver } from '#blobs/sealed/sealed-over.ts'
import { decodeJson, rowKey } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { ObjectPart } from '#model/object/object.ts'
import type { OpenedBlobs } from '../key-rows.ts'

export const sealingOf = (layers: 1 | 2): Sealing => ({
  encryption: { method: layers === 1 ? 'AES256' : 'aws:kms:dsse', wrappedKey: 'of the test' },
  dataKeys: Array.from({ length: layers }, () => randomBytes(32)),
})

export function sealingAll({ engine, blobs, close }: OpenedBlobs, layers: 1 | 2): OpenedBlobs {
  const sealing = sealingOf(layers)
  const { dataKeys, encryption } = sealing
  const sealed = sealedOver(blobs)
  const own: Partial<PartBlobs> = {
    stage: (upload, partNumber, body) => sealed.stagePart(upload, partNumber, body, dataKeys),
    stageCopy: (upload, partNumber, from, range, algorithms) =>
      sealed.stagePartCopy(upload, partNumber, from, range, algorithms, dataKeys),
    assemble: async (uploadId, parts) => ({ ...(await sealed.assemble(uploadId, parts)), encryption }),
  }
  const parts = inFrontOf(blobs.parts, own)
  const open = async (bucket: string, version: StoredVersion) => {
    const blob = await blobs.open(bucket, version)
    if (blob === undefined || blob === 'damaged') return blob
    const row = version.partCount === 0 ? undefined : await engine.get(rowKey('m', version.blob.id))
    const named = row === undefined ? [] : decodeJson<ObjectPart[]>(row)
    return sealed.unseal(blob, { version, parts: named, dataKeys, damaged: () => blobs.damaged(bucket, version) })
  }
  const all = inFrontOf<BlobStore>(blobs, {
    parts,
    open,
    stage: (body) => sealed.stage(body, sealing),
    stageCopy: (from, range, algorithms) => sealed.stageCopy(from, range, algorithms, sealing),
    asCurrent: (key, ref, aside = 'sealed') => blobs.asCurrent(key, ref, aside),
  })
  return { engine, blobs: all, close }
}

function inFrontOf<T extends object>(behind: T, own: Partial<T>): T {
  return new Proxy(behind, {
    get(target, name) {
      const value = Reflect.get(name in own ? own : target, name)
      return typeof value === 'function' ? value.bind(name in own ? own : target) : value
    },
  })
}
