/** AES-256-GCM over short contents: a random nonce, the ciphertext, and the tag. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16
const nothing = Buffer.alloc(0)

/** `bound`: bytes that must be the same for decryption. They are not part of the result. */
export function sealBytes(key: Buffer, content: Buffer | string, bound: Buffer = nothing): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound)
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()])
}

/** Undefined if it was encrypted with another key or other `bound` bytes, or was changed since. */
export function openBytes(key: Buffer, sealed: Buffer, bound: Buffer = nothing): Buffer | undefined {
  if (sealed.length < nonceBytes + tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(bound).setAuthTag(sealed.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
  } catch {
    return undefined
  }
}
