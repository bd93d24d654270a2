/**
 * The keys of one segment, derived from the data keys and the segment's header. The nonce of a chunk is its number, since no two segments
 * have one key. A chunk's number, whether it is the last, and its part number are authenticated with it: it opens nowhere else.
 */
import { deriveKey } from '#lib/digest/derive-key.ts'
import { aesGcm, tagBytes } from '#lib/system/aes-gcm.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import { isHeader, newHeader, saltIn } from './segment.ts'

/** These bytes are not what was sealed there. */
export class SealBroken extends Error {}

const layerNames = [Buffer.from([0]), Buffer.from([1])]

/** Of the chunk that is being sealed or opened: none waits meanwhile. */
const nonce = Buffer.alloc(12)
const identity = Buffer.alloc(11)

/** Of data keys that are kept: the segment that was opened last with them. */
const lastCiphers = new WeakMap<DataKeys, SegmentCipher>()

export class SegmentCipher {
  readonly header: Buffer
  /** The innermost layer's first. */
  readonly #keys: readonly Buffer[]
  readonly #partNumber: number

  private constructor(dataKeys: DataKeys, header: Buffer, partNumber: number) {
    this.header = header
    this.#partNumber = partNumber
    this.#keys = dataKeys.map((dataKey, layer) => deriveKey(dataKey, header, layerNames[layer] as Buffer))
  }

  /** Of a new segment. */
  static begin(dataKeys: DataKeys, partNumber: number): SegmentCipher {
    return new SegmentCipher(dataKeys, newHeader(dataKeys.length, partNumber), partNumber)
  }

  /** Of one that is there. SealBroken unless its header says what it should; `salt`: known of a part. */
  static of(dataKeys: DataKeys, header: Buffer, partNumber: number, salt: string | undefined): SegmentCipher {
    if (!isHeader(header, dataKeys.length, partNumber)) throw new SealBroken('not its header')
    // Another part that once had this number has another.
    if (salt !== undefined && salt !== saltIn(header)) throw new SealBroken('not its salt')
    const last = lastCiphers.get(dataKeys)
    if (last?.header.equals(header)) return last
    const cipher = new SegmentCipher(dataKeys, Buffer.from(header), partNumber)
    lastCiphers.set(dataKeys, cipher)
    return cipher
  }

  /** `target`: as long as the sealed chunk. */
  seal(chunk: number, isLast: boolean, plaintext: Uint8Array, target: Uint8Array): void {
    this.#address(chunk, isLast)
    let message = plaintext
    for (const key of this.#keys) {
      aesGcm().seal({ key, nonce, identity }, message, target)
      message = target.subarray(0, message.length + tagBytes)
    }
  }

  /** `target`: as long as the plaintext; what is in `sealed` is lost. SealBroken, and then the target has no byte of it. */
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
