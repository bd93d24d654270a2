/**
 * An encrypted segment: the bytes of a version, or of one part (docs/protocol.md). A header is followed by chunks of 64
 * KiB of plaintext, each with the tags of its layers. There is at least one chunk, which may be empty. So a range needs
 * only its own chunks, and their positions follow from the size of the plaintext.
 */
import { drawRandom } from '#lib/random-pool.ts'
import { tagBytes } from '#lib/system/aes-gcm.ts'

export const chunkBytes = 64 * 1024
export const headerBytes = 32
const saltAt = 16

/** Magic, format 1, cipher 1 (AES-256-GCM), chunks of 2^16. */
const preamble = Buffer.from('MYFSEAL\u0001\u0001\u0010', 'latin1')

/**
 * | bytes | what |
 * |---|---|
 * | 0-6 | MYFSEAL |
 * | 7 | format: 1 |
 * | 8 | cipher: 1, AES-256-GCM |
 * | 9 | chunk size: 16, a power of two |
 * | 10 | layers: 1, or with aws:kms:dsse 2 |
 * | 11-12 | part number; 0: a version that did not come in parts |
 * | 13-15 | 0 |
 * | 16-31 | salt |
 */
export function newHeader(layers: number, partNumber: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  preamble.copy(header)
  header[preamble.length] = layers
  header.writeUInt16LE(partNumber, 11)
  drawRandom(headerBytes - saltAt).copy(header, saltAt)
  return header
}

/** Whether this program has written the header for such a segment. */
export const isHeader = (header: Buffer, layers: number, partNumber: number): boolean =>
  header.length === headerBytes &&
  preamble.compare(header, 0, preamble.length) === 0 &&
  header[preamble.length] === layers &&
  header.readUInt16LE(11) === partNumber &&
  header.readUIntLE(13, 3) === 0

/** Base64. */
export const saltIn = (header: Buffer): string => header.toString('base64', saltAt)

const chunksOf = (sizeBytes: number): number => Math.max(1, Math.ceil(sizeBytes / chunkBytes))

/** The encrypted size of a chunk with this much plaintext. */
export const sealedChunkBytes = (sizeBytes: number, layers: number): number => sizeBytes + layers * tagBytes

/** The size of a segment with this much plaintext. */
export const sealedBytes = (sizeBytes: number, layers: number): number =>
  headerBytes + sizeBytes + chunksOf(sizeBytes) * layers * tagBytes

export const lastChunkOf = (sizeBytes: number): number => chunksOf(sizeBytes) - 1
