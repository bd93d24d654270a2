/** Encrypts incoming bodies, over any blob store. Sizes and digests are those of the plaintext. */

import type { BlobStore } from '#blobs/contract/blob-store.ts'
import { copyFrom } from '#blobs/contract/copy-from.ts'
import {
  algorithmsFor,
  type ByteRange,
  type IncomingBody,
  type Staged,
  type StagedBlob,
} from '#blobs/contract/incoming.ts'
import type { SealedDetail } from '#blobs/contract/kept-bytes.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { AppendedSegment } from '#blobs/contract/sealed-blobs.ts'
import { assertNotTooLarge, readSmall } from '#blobs/read-body.ts'
import { combineCrc } from '#lib/digest/combine.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { limits } from '#model/limits.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { sealStream } from './seal-stream.ts'
import { headerBytes, saltIn, sealedBytes } from './segment.ts'
import { SegmentCipher } from './segment-cipher.ts'

/** Part number of a version that was not uploaded in parts. */
const noPart = 0

export async function stageSealed(blobs: BlobStore, body: IncomingBody, sealing: Sealing): Promise<StagedBlob> {
  const { sizeBytes } = body
  assertNotTooLarge(body)
  const layers = sealing.dataKeys.length
  if (sizeBytes !== undefined && sealedBytes(sizeBytes, layers) <= limits.inlineBytes) {
    return stageSealedBytes(blobs, await readSmall(body.source, sizeBytes), body.algorithms, sealing)
  }
  blobs.assertRoom(sizeBytes)
  const cipher = SegmentCipher.begin(sealing.dataKeys, noPart)
  const { kept, received } = await sealStream(body, cipher, layers, (sealed) => blobs.stage(sealed))
  return asStaged(kept, received, sealing)
}

/** Encrypts a whole body in memory, of one chunk. */
function stageSealedBytes(
  blobs: BlobStore,
  bytes: Buffer,
  algorithms: readonly ChecksumAlgorithm[],
  sealing: Sealing,
): StagedBlob {
  const digests = digestOnce(algorithmsFor({ algorithms }), bytes)
  const cipher = SegmentCipher.begin(sealing.dataKeys, noPart)
  const sealed = Buffer.allocUnsafe(sealedBytes(bytes.length, sealing.dataKeys.length))
  cipher.header.copy(sealed)
  cipher.seal(0, true, bytes, sealed.subarray(headerBytes))
  const kept = blobs.stageBytes(sealed, { algorithms: [], isSealed: true })
  return asStaged(kept, { sizeBytes: bytes.length, digests }, sealing)
}

function asStaged(kept: StagedBlob, { sizeBytes, digests }: Staged, { encryption }: Sealing): StagedBlob {
  const detail: SealedDetail = { crc64nvme: crc64nvmeIn(kept) }
  return { ref: { ...kept.ref, detail }, sizeBytes, digests, bytes: kept.bytes, encryption }
}

export const crc64nvmeIn = ({ digests }: Pick<Staged, 'digests'>): string =>
  digests.get('CRC64NVME')?.toString('base64') ?? ''

export async function stageSealedAppend(
  blobs: BlobStore,
  to: OpenBlob,
  body: IncomingBody,
  { dataKeys, encryption, partNumber, keptCrc64nvme }: AppendedSegment,
): Promise<StagedBlob> {
  try {
    assertNotTooLarge(body)
    const cipher = SegmentCipher.begin(dataKeys, partNumber)
    const { kept, received } = await sealStream(body, cipher, dataKeys.length, (sealed) =>
      blobs.stageAppend(to, sealed),
    )
    const [before, added] = [keptCrc64nvme, crc64nvmeIn(kept)].map((crc) => Buffer.from(crc, 'base64'))
    const crc = combineCrc('CRC64NVME', before as Buffer, added as Buffer, kept.sizeBytes)
    const detail: SealedDetail = { crc64nvme: crc.toString('base64') }
    const { sizeBytes, digests } = received
    const { bytes } = kept
    return { ref: { ...kept.ref, detail }, sizeBytes, digests, bytes, encryption, salt: saltIn(cipher.header) }
  } finally {
    to.close()
  }
}

/** Encrypts the bytes of an open blob again. Closes the blob. */
export async function stageSealedCopy(
  blobs: BlobStore,
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
  sealing: Sealing,
): Promise<StagedBlob> {
  const bytes = from.bytes(range)
  if (bytes !== undefined && sealedBytes(bytes.length, sealing.dataKeys.length) <= limits.inlineBytes) {
    from.close()
    return stageSealedBytes(blobs, bytes, algorithms, sealing)
  }
  return copyFrom(
    from,
    range,
    algorithms,
    (body) => stageSealed(blobs, body, sealing),
    (staged) => blobs.discard(staged),
  )
}
