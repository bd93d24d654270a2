/**
 * Small secrets sealed with a key that is derived from SECRET_KEY, so that every process and every restart can open
 * them and nobody else can make them: AES-256-GCM. Each purpose has a key of its own, and what was sealed for one opens
 * for no other.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

export class Seal {
  readonly #key: Buffer

  constructor(secretKey: string, purpose: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, 'myfsio', purpose, 32))
  }

  /** Nonce, ciphertext and tag. */
  encode(content: Buffer | string): Buffer {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()])
  }

  /** Undefined: not sealed with this key for this purpose, or changed since. */
  decode(sealed: Buffer): Buffer | undefined {
    if (sealed.length < nonceBytes + tagBytes) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
    } catch {
      return undefined
    }
  }

  /** 32 bytes that follow from the text, and that nobody without the key can tell. */
  digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
