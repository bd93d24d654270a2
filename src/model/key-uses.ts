/** The number of versions and uploads that each key encrypts. */
import type { ObjectEncryption } from './object/encryption.ts'

export interface KeyUses {
  /**
   * By ARN; the server's own key, of SSE-S3, is `serverKey`. Keys of customers are not counted, since they are not
   * stored.
   */
  readonly counts: Readonly<Record<string, number>>
  readonly countedAtMs: number
}

export const serverKeyName = 'server'

/** The key that decrypts the version. Undefined if it is not encrypted, or with a key of the customer. */
export function keyNameOf(encryption: ObjectEncryption | undefined): string | undefined {
  if (encryption === undefined || encryption.method === 'SSE-C') return undefined
  return encryption.method === 'AES256' ? serverKeyName : encryption.keyArn
}
