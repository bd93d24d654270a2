/**
 * Only our own pages may change something. Each form contains a token bound to the session, or before the sign-in to a
 * cookie of the visitor. The browser also sends the origin of a request: see visit/own-pages.ts.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const digestBytes = 32

export class CsrfTokens {
  readonly #secretKey: string

  constructor(secretKey: string) {
    this.#secretKey = secretKey
  }

  /** Masked differently for each page: a secret that repeats in compressed answers can be guessed from their length. */
  issue(binding: string): string {
    const mask = randomBytes(digestBytes)
    return Buffer.concat([mask, xor(mask, this.#digest(binding))]).toString('base64url')
  }

  verify(binding: string, token: string): boolean {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length !== 2 * digestBytes) return false
    const digest = xor(bytes.subarray(0, digestBytes), bytes.subarray(digestBytes))
    return timingSafeEqual(digest, this.#digest(binding))
  }

  #digest(binding: string): Buffer {
    return createHmac('sha256', this.#secretKey).update(`csrf\0${binding}`).digest()
  }
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}
