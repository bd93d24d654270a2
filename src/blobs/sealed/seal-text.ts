/** Small bytes that belong to a sealed version beside its own, such as an annotation, sealed with the same data keys. */
import { hkdfSync } from 'node:crypto'
import type { DataKeys } from '#model/object/encryption.ts'
import { chunkBytes, decodeHeader, headerBytes, lastChunkOf, sealedBytes, sealedChunkBytes } from './segment.ts'
import { SealBroken, SegmentCipher } from './segment-cipher.ts'

/** No key of a segment, and none of another name's: what is sealed under one name opens under no other. */
const keysFor = (dataKeys: DataKeys, name: string): DataKeys =>
  dataKeys.map((key) => Buffer.from(hkdfSync('sha256', key, '', `myfsio annotation ${name}`, 32)))

const noPart = 0

export function sealText(name: string, bytes: Buffer, dataKeys: DataKeys): Buffer {
  const cipher = SegmentCipher.begin(keysFor(dataKeys, name), noPart)
  const pieces: Buffer[] = [cipher.header]
  for (let chunk = 0; chunk <= lastChunkOf(bytes.length); chunk++) {
    const part = bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)
    pieces.push(...cipher.seal(chunk, chunk === lastChunkOf(bytes.length), part))
  }
  return Buffer.concat(pieces)
}

/** Undefined: these bytes were not sealed under this name with these keys. */
export function openText(name: string, sealed: Buffer, sizeBytes: number, dataKeys: DataKeys): Buffer | undefined {
  const layers = dataKeys.length
  if (sealed.length !== sealedBytes(sizeBytes, layers)) return undefined
  try {
    const cipher = SegmentCipher.of(keysFor(dataKeys, name), decodeHeader(sealed.subarray(0, headerBytes)), noPart)
    const pieces: Uint8Array[] = []
    for (let chunk = 0, at = headerBytes; chunk <= lastChunkOf(sizeBytes); chunk++) {
      const size = sealedChunkBytes(Math.min(chunkBytes, sizeBytes - chunk * chunkBytes), layers)
      pieces.push(cipher.open(chunk, chunk === lastChunkOf(sizeBytes), sealed.subarray(at, at + size)))
      at += size
    }
    return Buffer.concat(pieces)
  } catch (error) {
    if (error instanceof SealBroken) return undefined
    throw error
  }
}
