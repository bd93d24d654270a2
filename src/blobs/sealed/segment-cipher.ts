/**
 * The keys of one segment, derived from the data keys and the segment's header. The nonce of a chunk is its number,
 * since no two segments have the same key. The number of the chunk, whether it is the last, and its part number are
 * authenticated, so a chunk cannot be decrypted at another place.
 */
import { deriveKey } from '#lib/digest/derive-key.ts'
import { aesGcm, tagBytes } from '#lib/system/aes-gcm.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import { isHeader, newHeader, saltIn } from './segment.ts'

/** These bytes are not those that were encrypted there. */
export class SealBroken extends Error {}

const layerNames = [Buffer.from([0]), Buffer.from([1])]

/** The nonce of the current chunk. Encryption is synchronous, so one buffer is enough. */
const nonce = Buffer.alloc(12)
const identity = Buffer.alloc(11)

/** For data keys in use: the cipher of the segment that was decrypted last. */
const lastCiphers = new WeakMap<DataKeys, SegmentCipher>()

export class SegmentCipher {
  readonly header: Buffer
  /** The key of the innermost layer is the first. */
  readonly #keys: readonly Buffer[]
  readonly #partNumber: number

  private constructor(dataKeys: DataKeys, header: Buffer, partNumber: number) {
    this.header = header
    this.#partNumber = partNumber
    this.#keys = dataKeys.map((dataKey, layer) => deriveKey(dataKey, header, layerNames[layer] as Buffer))
  }

  /** For a new segment. */
  static begin(dataKeys: DataKeys, partNumber: number): SegmentCipher {
    return new SegmentCipher(dataKeys, newHeader(dataKeys.length, partNumber), partNumber)
  }

  /** For an existing segment. SealBroken unless its header is as expected. `salt`: known for parts. */
  static of(dataKeys: DataKeys, header: Buffer, partNumber: number, salt: string | undefined): SegmentCipher {
    if (!isHeader(header, dataKeys.length, partNumber)) throw new SealBroken('not its header')
    // Another part that had this number before has another salt.
    if (salt !== undefined && salt !== saltIn(header)) throw new SealBroken('not its salt')
    const last = lastCiphers.get(dataKeys)
    if (last?.header.equals(header)) return last
    const cipher = new SegmentCipher(dataKeys, Buffer.from(header), partNumber)
    lastCiphers.set(dataKeys, cipher)
    return cipher
  }

  /** `target`: as long as the encrypted chunk. */
  seal(chunk: number, isLast: boolean, plaintext: Uint8Array, target: Uint8Array): void {
    this.#address(chunk, isLast)
    let message = plaintext
    for (const key of this.#keys) {
      aesGcm().seal({ key, nonce, identity }, message, target)
      message = target.subarray(0, message.length + tagBytes)
    }
  }

  /**
   * `target`: as long as the plaintext. The content of `sealed` is lost. After SealBroken no plaintext is in the
   * target.
   */
  open(chunk: number, isLast: boolean, sealed: Uint8Array, target: Uint8Array): void {
    this.#address(chunk, isLast)
    let rest = sealed
    for (let layer = this.#keys.length - 1; layer >= 0; layer--) {
      const key = this.#keys[layer] as Buffer
      const opened = layer === 0 ? target : rest.subarray(0, rest.length - tagBytes)
      const address = { key, nonce, identity }
      if (!aesGcm().open(address, rest, opened)) throw new SealBroken(`chunk ${chunk} does not open`)
      rest = opened
    }
  }

  #address(chunk: number, isLast: boolean): void {
    const high = Math.floor(chunk / 0x1_0000_0000)
    nonce.writeUInt32BE(high, 4)
    nonce.writeUInt32BE(chunk >>> 0, 8)
    identity.writeUInt32BE(high, 0)
    identity.writeUInt32BE(chunk >>> 0, 4)
    identity[8] = isLast ? 1 : 0
    identity.writeUInt16BE(this.#partNumber, 9)
  }
}
