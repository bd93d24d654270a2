/**
 * A sealed segment: the bytes of a version, or of one part, encrypted (docs/protocol.md). A header, then chunks of 64 KiB of plaintext with
 * the tags of each layer behind them; at least one, which may be empty. So a range needs its own chunks only, and where each of them
 * is follows from the plaintext's size.
 */
export const chunkBytes = 64 * 1024
export const headerBytes = 32
export const tagBytes = 16
export const saltBytes = 16

const magic = Buffer.from('MYFSEAL')
const formatVersion = 1
const aes256Gcm = 1
const chunkBits = 16
const maxLayers = 2

export interface SegmentHeader {
  /** 1, or with aws:kms:dsse 2. */
  readonly layers: number
  /** 0: a version that did not come in parts. */
  readonly partNumber: number
  readonly salt: Buffer
}

/**
 * | bytes | what |
 * |---|---|
 * | 0-6 | MYFSEAL |
 * | 7 | format: 1 |
 * | 8 | cipher: 1, AES-256-GCM |
 * | 9 | chunk size: 16, a power of two |
 * | 10 | layers |
 * | 11-12 | part number |
 * | 13-15 | 0 |
 * | 16-31 | salt |
 */
export function encodeHeader({ layers, partNumber, salt }: SegmentHeader): Buffer {
  const header = Buffer.alloc(headerBytes)
  magic.copy(header)
  header[7] = formatVersion
  header[8] = aes256Gcm
  header[9] = chunkBits
  header[10] = layers
  header.writeUInt16LE(partNumber, 11)
  salt.copy(header, headerBytes - saltBytes)
  return header
}

/** Undefined if it is none that this program has written. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader | undefined {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const layers = header[10] ?? 0
  if (layers < 1 || layers > maxLayers) return undefined
  const salt = Buffer.from(header.subarray(headerBytes - saltBytes, headerBytes))
  const decoded = { layers, partNumber: header.readUInt16LE(11), salt }
  return encodeHeader(decoded).equals(header) ? decoded : undefined
}

const chunksOf = (sizeBytes: number): number => Math.max(1, Math.ceil(sizeBytes / chunkBytes))

/** What a chunk of plaintext of this size takes. */
export const sealedChunkBytes = (sizeBytes: number, layers: number): number => sizeBytes + layers * tagBytes

/** What a segment with this much plaintext takes. */
export const sealedBytes = (sizeBytes: number, layers: number): number =>
  headerBytes + sizeBytes + chunksOf(sizeBytes) * layers * tagBytes

export const lastChunkOf = (sizeBytes: number): number => chunksOf(sizeBytes) - 1
