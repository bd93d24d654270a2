/** Small bytes that belong to an encrypted version, such as an annotation, encrypted with the same data keys. */
import { hkdfSync } from 'node:crypto'
import type { DataKeys } from '#model/object/encryption.ts'
import { chunkBytes, headerBytes, lastChunkOf, sealedBytes, sealedChunkBytes } from './segment.ts'
import { SealBroken, SegmentCipher } from './segment-cipher.ts'

/**
 * Each name has its own keys, which differ from those of all segments. Bytes encrypted under one name cannot be
 * decrypted under another.
 */
const keysFor = (dataKeys: DataKeys, name: string): DataKeys =>
  dataKeys.map((key) => Buffer.from(hkdfSync('sha256', key, '', `myfsio annotation ${name}`, 32)))

const noPart = 0

export function sealText(name: string, bytes: Buffer, dataKeys: DataKeys): Buffer {
  const cipher = SegmentCipher.begin(keysFor(dataKeys, name), noPart)
  const sealed = Buffer.allocUnsafe(sealedBytes(bytes.length, dataKeys.length))
  cipher.header.copy(sealed)
  for (const { chunk, isLast, plain, kept } of chunksOf(bytes.length, dataKeys.length)) {
    cipher.seal(chunk, isLast, bytes.subarray(...plain), sealed.subarray(...kept))
  }
  return sealed
}

/** Undefined if these bytes were not encrypted under this name with these keys. `sealed` is not changed. */
export function openText(name: string, sealed: Buffer, sizeBytes: number, dataKeys: DataKeys): Buffer | undefined {
  const layers = dataKeys.length
  if (sealed.length !== sealedBytes(sizeBytes, layers)) return undefined
  try {
    const cipher = SegmentCipher.of(keysFor(dataKeys, name), sealed.subarray(0, headerBytes), noPart, undefined)
    // Decryption overwrites its input.
    const rest = Buffer.from(sealed)
    const opened = Buffer.allocUnsafe(sizeBytes)
    for (const { chunk, isLast, plain, kept } of chunksOf(sizeBytes, layers)) {
      cipher.open(chunk, isLast, rest.subarray(...kept), opened.subarray(...plain))
    }
    return opened
  } catch (error) {
    if (error instanceof SealBroken) return undefined
    throw error
  }
}

/** The ranges of the chunks in the plaintext and in the segment; the end is exclusive. */
function* chunksOf(sizeBytes: number, layers: number) {
  const last = lastChunkOf(sizeBytes)
  for (let chunk = 0, at = headerBytes; chunk <= last; chunk++) {
    const plain = [chunk * chunkBytes, Math.min((chunk + 1) * chunkBytes, sizeBytes)] as const
    const kept = [at, at + sealedChunkBytes(plain[1] - plain[0], layers)] as const
    yield { chunk, isLast: chunk === last, plain, kept }
    at = kept[1]
  }
}
