/** Sealed bytes in memory, for tests that change them. */
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { StagedBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { MemoryBlobs } from '#blobs/memory/memory-blobs.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { sealedOver } from '#blobs/sealed/sealed-over.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import type { ObjectPart } from '#model/object/object.ts'
import { attributes } from '../../store/fixtures.ts'
import { bodyOf } from '../key-rows.ts'

export interface Sealed {
  /** The stored bytes. */
  readonly bytes: Buffer
  readonly version: StoredVersion
  readonly parts: readonly ObjectPart[]
  readonly dataKeys: DataKeys
}

export class Damaged extends Error {}

export const newKeys = (layers: 1 | 2 = 1): DataKeys => Array.from({ length: layers }, () => randomBytes(32))

const encryption = { method: 'AES256', wrappedKey: '' } as const

export async function seal(body: Buffer, dataKeys: DataKeys = newKeys()): Promise<Sealed> {
  const blobs = new MemoryBlobs()
  const staged = await sealedOver(blobs).stage(bodyOf(body), { encryption, dataKeys })
  return { bytes: keptIn(blobs, staged.ref), version: versionOf(staged.ref, body.length, 0), parts: [], dataKeys }
}

/** The parts of an upload, by their numbers. */
export async function sealParts(
  bodies: Readonly<Record<number, Buffer>>,
  dataKeys: DataKeys = newKeys(),
): Promise<Sealed> {
  const blobs = new MemoryBlobs()
  const sealed = sealedOver(blobs)
  const upload = { bucket: 'b', key: 'k', uploadId: 'u', initiatedAtMs: 0, initiatorId: '', attributes, encryption }
  await blobs.parts.begin('u')
  const staged = await Promise.all(
    Object.entries(bodies).map(([number, body]) => sealed.stagePart(upload, Number(number), bodyOf(body), dataKeys)),
  )
  const { ref } = await sealed.assemble('u', staged)
  const parts = staged.map(({ partNumber, sizeBytes, salt = '' }) => ({ partNumber, sizeBytes, salt }))
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  return { bytes: keptIn(blobs, ref), version: versionOf(ref, sizeBytes, parts.length), parts, dataKeys }
}

function keptIn(blobs: MemoryBlobs, ref: StagedBlob['ref']): Buffer {
  const kept = blobs.open('b', versionOf(ref, 0, 0))?.bytes({ start: 0, end: ref.sizeBytes })
  if (kept === undefined) throw new Error('nothing is kept')
  return Buffer.from(kept)
}

const versionOf = (blob: BlobRef, sizeBytes: number, partCount: number): StoredVersion => ({
  ...attributes,
  key: 'k',
  versionId: 'null',
  order: '',
  isDeleteMarker: false,
  etag: '',
  modifiedAtMs: 0,
  encryption,
  blob,
  sizeBytes,
  partCount,
})

/** Damaged, at once or when it is read. */
export function open({ bytes, version, parts, dataKeys }: Sealed, kept: OpenBlob = new OpenBytes(bytes)): OpenBlob {
  const damaged = () => new Damaged('not what was sealed')
  return sealedOver(new MemoryBlobs()).unseal(kept, { version, parts, dataKeys, damaged })
}

export async function read(sealed: Sealed, start = 0, end = sealed.version.sizeBytes): Promise<Buffer> {
  const blob = open(sealed)
  return blob.bytes({ start, end }) ?? buffer(blob.pieces({ start, end }))
}
