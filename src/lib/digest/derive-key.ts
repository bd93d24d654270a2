/**
 * HKDF-Expand of RFC 5869 with SHA-256, for one key of 32 bytes. What it is derived from is a random key, so that nothing has to be
 * extracted first; node:crypto's hkdfSync, which does both, takes three times as long.
 */
import { createHmac } from 'node:crypto'

const firstBlock = Buffer.from([1])

/** Another key for each `info`, whose parts have lengths that are known. */
export function deriveKey(key: Buffer, ...info: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of info) hmac.update(part)
  return hmac.update(firstBlock).digest()
}
