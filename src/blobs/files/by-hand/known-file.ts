import type { FileSignature } from '#blobs/files/place/file-ref.ts'
import type { Bytes } from '#metadata/engine.ts'
import { decodeStamps } from '#metadata/version-codec.ts'

/** Whether the row of a current version has the signature of this file. */
export function isRecordOf(row: Bytes, there: FileSignature): boolean {
  const { stamp, secondStamp, sizeBytes } = decodeStamps(row)
  return there.inode === stamp && there.mtimeMs === secondStamp && there.sizeBytes === sizeBytes
}
