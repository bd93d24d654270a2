import type { BlobStore } from '#blobs/contract/blob-store.ts'
import type { SealedBlobs } from '#blobs/contract/sealed-blobs.ts'
import { openText, sealText } from './seal-text.ts'
import { assembleSealed, stageSealedPart, stageSealedPartCopy } from './sealed-parts.ts'
import { stageSealed, stageSealedAppend, stageSealedCopy } from './stage-sealed.ts'
import { unseal } from './unseal.ts'

export const sealedOver = (blobs: BlobStore): SealedBlobs => ({
  stage: (body, sealing) => stageSealed(blobs, body, sealing),
  stageCopy: (from, range, algorithms, sealing) => stageSealedCopy(blobs, from, range, algorithms, sealing),
  stageAppend: (to, body, segment) => stageSealedAppend(blobs, to, body, segment),
  stagePart: (upload, partNumber, body, dataKeys) => stageSealedPart(blobs.parts, upload, partNumber, body, dataKeys),
  stagePartCopy: (upload, partNumber, from, range, algorithms, dataKeys) =>
    stageSealedPartCopy(blobs.parts, upload, partNumber, from, range, algorithms, dataKeys),
  assemble: (uploadId, parts) => assembleSealed(blobs.parts, uploadId, parts),
  sealText,
  openText,
  unseal,
})
