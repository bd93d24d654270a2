/** Size and checksum of the bytes that are kept for a version. For an encrypted version they differ from its own. */
import { crc64nvmeOf, type StoredVersion } from '#metadata/version-codec.ts'

/** The `detail` in the BlobRef of an encrypted version. It allows to verify the bytes without a key. */
export interface SealedDetail {
  /** Base64, of all encrypted bytes. */
  readonly crc64nvme: string
}

/** In the PartRef of an encrypted part, beside what the blob store below needs. */
export interface SealedPart {
  readonly sealed: {
    readonly sizeBytes: number
    /** Base64. */
    readonly crc64nvme: string
  }
}

/** Base64 of their CRC64NVME; undefined if an older release kept another checksum. */
export function keptCrc64nvmeOf(
  version: Pick<StoredVersion, 'checksum' | 'crc64nvme' | 'encryption' | 'blob'>,
): string | undefined {
  if (version.encryption === undefined) return crc64nvmeOf(version)
  return (version.blob.detail as SealedDetail | undefined)?.crc64nvme
}
