/**
 * Small secrets sealed with a key that is derived from SECRET_KEY, so that every process and every restart can open
 * them and nobody else can make them: AES-256-GCM. Each purpose has a key of its own, and what was sealed for one opens
 * for no other.
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

  /** Undefined: not sealed with this key for this purpose, or changed since. */
  decode(sealed: Buffer): Buffer | undefined {
    return openBytes(this.#key, sealed)
  }

  /** 32 bytes that follow from the text, and that nobody without the key can tell. */
  digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}
