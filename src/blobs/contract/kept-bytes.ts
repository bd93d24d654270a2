/** What is known of the bytes that are kept for a version: those of a sealed one are not its own. */
import { crc64nvmeOf, type StoredVersion } from '#metadata/version-codec.ts'

/** `detail` of a sealed version's BlobRef. With it the bytes can be verified without a key. */
export interface SealedDetail {
  /** Base64, of all sealed bytes. */
  readonly crc64nvme: string
}

/** In the PartRef of a sealed part, beside what the store below needs to find its bytes. */
export interface SealedPart {
  readonly sealed: {
    readonly sizeBytes: number
    /** Base64. */
    readonly crc64nvme: string
  }
}

/** Base64 of their CRC64NVME; undefined where an older release kept another checksum. */
export function keptCrc64nvmeOf(
  version: Pick<StoredVersion, 'checksum' | 'crc64nvme' | 'encryption' | 'blob'>,
): string | undefined {
  if (version.encryption === undefined) return crc64nvmeOf(version)
  return (version.blob.detail as SealedDetail | undefined)?.crc64nvme
}
