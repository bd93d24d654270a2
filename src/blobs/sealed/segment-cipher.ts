/**
 * The keys of one segment, derived from the data keys and the segment's header. The nonce of a chunk is its number, since no two segments
 * have one key. A chunk's number, whether it is the last, and its part number are authenticated with it: it opens nowhere else.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import type { DataKeys } from '#model/object/encryption.ts'
import { encodeHeader, headerBytes, type SegmentHeader, saltBytes, tagBytes } from './segment.ts'

const cipher = 'aes-256-gcm'
const options = { authTagLength: tagBytes } as const
const keyBytes = 32

/** These bytes are not what was sealed there. */
export class SealBroken extends Error {}

export class SegmentCipher {
  readonly header: Buffer
  readonly #keys: readonly KeyObject[]
  readonly #nonce = Buffer.alloc(12)
  readonly #identity = Buffer.alloc(11)

  private constructor(dataKeys: DataKeys, header: SegmentHeader) {
    this.header = encodeHeader(header)
    this.#keys = dataKeys.map((dataKey, layer) => {
      const info = Buffer.concat([this.header, Buffer.from([layer])])
      return createSecretKey(Buffer.from(hkdfSync('sha256', dataKey, header.salt, info, keyBytes)))
    })
    this.#identity.writeUInt16BE(header.partNumber, 9)
  }

  /** Of a new segment. */
  static begin(dataKeys: DataKeys, partNumber: number): SegmentCipher {
    return new SegmentCipher(dataKeys, { layers: dataKeys.length, partNumber, salt: randomBytes(saltBytes) })
  }

  /** Of one that is there. SealBroken unless its header says what it should. */
  static of(dataKeys: DataKeys, header: SegmentHeader | undefined, partNumber: number): SegmentCipher {
    if (header?.layers !== dataKeys.length || header.partNumber !== partNumber) throw new SealBroken('not its header')
    return new SegmentCipher(dataKeys, header)
  }

  /** Base64. */
  get salt(): string {
    return this.header.toString('base64', headerBytes - saltBytes)
  }

  /** The pieces of the sealed chunk. */
  seal(chunk: number, isLast: boolean, plaintext: Uint8Array): Buffer[] {
    this.#address(chunk, isLast)
    let pieces: Uint8Array[] = [plaintext]
    for (const key of this.#keys) {
      const sealing = createCipheriv(cipher, key, this.#nonce, options)
      sealing.setAAD(this.#identity)
      const sealed = pieces.map((piece) => sealing.update(piece))
      sealing.final()
      pieces = [...sealed, sealing.getAuthTag()]
    }
    return pieces as Buffer[]
  }

  /** The plaintext of a sealed chunk. SealBroken, before a byte of it is known. */
  open(chunk: number, isLast: boolean, sealed: Uint8Array): Uint8Array {
    this.#address(chunk, isLast)
    let opened = sealed
    for (const key of this.#keys.toReversed()) {
      const end = opened.length - tagBytes
      const opening = createDecipheriv(cipher, key, this.#nonce, options)
      opening.setAAD(this.#identity)
      opening.setAuthTag(opened.subarray(end))
      const plaintext = opening.update(opened.subarray(0, end))
      try {
        opening.final()
      } catch {
        throw new SealBroken(`chunk ${chunk} does not open`)
      }
      opened = plaintext
    }
    return opened
  }

  #address(chunk: number, isLast: boolean): void {
    const high = Math.floor(chunk / 0x1_0000_0000)
    this.#nonce.writeUInt32BE(high, 4)
    this.#nonce.writeUInt32BE(chunk >>> 0, 8)
    this.#identity.writeUInt32BE(high, 0)
    this.#identity.writeUInt32BE(chunk >>> 0, 4)
    this.#identity[8] = isLast ? 1 : 0
  }
}
