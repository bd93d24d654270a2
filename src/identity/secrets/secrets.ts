/**
 * Secrets of access keys at rest. Those created here are encrypted and start with `sealed:`; those written by hand are
 * in clear text. Signatures need the secret itself, so it cannot be hashed.
 */
import { Seal } from '#keyring/seal.ts'

const prefix = 'sealed:'

export class Secrets {
  readonly #seal: Seal

  constructor(secretKey: string) {
    this.#seal = new Seal(secretKey, 'access keys at rest')
  }

  format(secret: string): string {
    return prefix + this.#seal.encode(secret).toString('base64url')
  }

  /** Undefined if it was encrypted with another SECRET_KEY. */
  parse(text: string): string | undefined {
    if (!text.startsWith(prefix)) return text
    return this.#seal.decode(Buffer.from(text.slice(prefix.length), 'base64url'))?.toString()
  }
}
