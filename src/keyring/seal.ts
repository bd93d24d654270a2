/**
 * Small secrets, encrypted by AES-256-GCM with a key derived from SECRET_KEY. Every process and every restart can
 * decrypt them, and without SECRET_KEY they cannot be made. Each purpose has its own key: a secret of one purpose
 * cannot be decrypted for another.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import { openBytes, sealBytes } from './sealed-bytes.ts'

export class Seal {
  readonly #key: Buffer

  constructor(secretKey: string, purpose: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, 'myfsio', purpose, 32))
  }

  /** Nonce, ciphertext and tag. */
  encode(content: Buffer | string): Buffer {
    return sealBytes(this.#key, content)
  }

  /** Undefined if it was not encrypted with this key for this purpose, or was changed since. */
  decode(sealed: Buffer): Buffer | undefined {
    return openBytes(this.#key, sealed)
  }

  /** 32 bytes that depend on the text and cannot be computed without the key. */
  digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
