/**
 * Keys of Signature Version 4, and signing with them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac, hash } from 'node:crypto'

const blockBytes = 64
/** A string to sign has about 160 characters; the policy of a form may be much longer. */
const shortTextMax = 512

/**
 * HMAC-SHA256 (RFC 2104) with one key, for many short texts. The padded key is kept. Two one-shot hashes over it take
 * little more than half the time of createHmac, which creates an object with a finalizer each time.
 */
export class SigningKey {
  readonly #key: Buffer
  readonly #inner = Buffer.alloc(blockBytes + 3 * shortTextMax, 0x36)
  readonly #outer = Buffer.alloc(blockBytes + 32, 0x5c)

  /** `key`: 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key
    for (const [i, byte] of key.entries()) {
      this.#inner[i] = byte ^ 0x36
      this.#outer[i] = byte ^ 0x5c
    }
  }

  /** Hex, of the text's UTF-8. */
  sign(text: string): string {
    if (text.length > shortTextMax) return createHmac('sha256', this.#key).update(text).digest('hex')
    const end = blockBytes + this.#inner.write(text, blockBytes)
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'binary'), blockBytes, 'latin1')
    return hash('sha256', this.#outer, 'hex')
  }
}

const kept = new Map<string, SigningKey>()
const keptMax = 1000

/** The key of a day, region and service. Cached: four HMACs a request would be most of a small request's cost. */
export function signingKey(secret: string, date: string, region: string, service: string): SigningKey {
  const id = `${secret}\n${date}/${region}/${service}`
  const known = kept.get(id)
  if (known !== undefined) return known
  let key = createHmac('sha256', `AWS4${secret}`).update(date).digest()
  for (const part of [region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
  if (kept.size >= keptMax) kept.clear()
  const fresh = new SigningKey(key)
  kept.set(id, fresh)
  return fresh
}

/** Compares in constant time. */
export function isSame(computed: string, provided: string): boolean {
  let difference = computed.length ^ provided.length
  for (let i = 0; i < computed.length; i++) difference |= computed.charCodeAt(i) ^ provided.charCodeAt(i)
  return difference === 0
}
