/** Encrypted parts of uploads. Each is a segment of its own. */
import { copyFrom } from '#blobs/contract/copy-from.ts'
import type { ByteRange, IncomingBody, PartRef, StagedPartBlob } from '#blobs/contract/incoming.ts'
import type { SealedDetail, SealedPart } from '#blobs/contract/kept-bytes.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { AssembledBlob, PartBlobs } from '#blobs/contract/part-blobs.ts'
import { assertNotTooLarge } from '#blobs/read-body.ts'
import { combineCrc } from '#lib/digest/combine.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { sealStream } from './seal-stream.ts'
import { saltIn } from './segment.ts'
import { SegmentCipher } from './segment-cipher.ts'
import { crc64nvmeIn } from './stage-sealed.ts'

export async function stageSealedPart(
  parts: PartBlobs,
  upload: Upload,
  partNumber: number,
  body: IncomingBody,
  dataKeys: DataKeys,
): Promise<StagedPartBlob> {
  assertNotTooLarge(body)
  const cipher = SegmentCipher.begin(dataKeys, partNumber)
  const stage = (sealed: IncomingBody) => parts.stage(upload, partNumber, sealed)
  const { kept, received } = await sealStream(body, cipher, dataKeys.length, stage)
  const sealed: SealedPart = { sealed: { sizeBytes: kept.sizeBytes, crc64nvme: crc64nvmeIn(kept) } }
  const { sizeBytes, digests } = received
  return { partNumber, sizeBytes, digests, salt: saltIn(cipher.header), at: { ...kept.at, ...sealed } }
}

export function stageSealedPartCopy(
  parts: PartBlobs,
  upload: Upload,
  partNumber: number,
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
  dataKeys: DataKeys,
): Promise<StagedPartBlob> {
  return copyFrom(
    from,
    range,
    algorithms,
    (body) => stageSealedPart(parts, upload, partNumber, body, dataKeys),
    ({ at }) => parts.discard(upload.uploadId, partNumber, at),
  )
}

export async function assembleSealed(
  parts: PartBlobs,
  uploadId: string,
  staged: readonly { readonly at: PartRef }[],
): Promise<AssembledBlob> {
  const kept = staged.map(({ at }) => ({ at, ...(at as PartRef & SealedPart).sealed }))
  const assembled = await parts.assemble(uploadId, kept)
  const [first, ...rest] = kept.map(({ crc64nvme, sizeBytes }) => ({
    crc: Buffer.from(crc64nvme, 'base64'),
    sizeBytes,
  }))
  let crc: Buffer = first?.crc ?? Buffer.alloc(0)
  for (const part of rest) crc = combineCrc('CRC64NVME', crc, part.crc, part.sizeBytes)
  const detail: SealedDetail = { crc64nvme: crc.toString('base64') }
  return { ...assembled, ref: { ...assembled.ref, detail } }
}
