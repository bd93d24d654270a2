/** How the bytes of a version are sealed. Storage sees data keys alone: who wraps them, and in which context, is decided above it. */

export type EncryptionMethod = 'AES256' | 'aws:kms' | 'aws:kms:dsse' | 'SSE-C'

export type EncryptionContext = Readonly<Record<string, string>>

/** What a version's record says of how its bytes are sealed. */
export interface ObjectEncryption {
  readonly method: EncryptionMethod
  /** Of the KMS methods. */
  readonly keyArn?: string
  readonly isBucketKeyEnabled?: true
  /** As the client gave it. */
  readonly context?: EncryptionContext
  /** Base64. SSE-C: wrapped by the customer's key, so that a wrong one fails to unwrap it. */
  readonly wrappedKey: string
  /** Of the outer layer of aws:kms:dsse. */
  readonly secondWrappedKey?: string
}

/** What a write is sealed with. */
export interface Sealing {
  readonly encryption: ObjectEncryption
  readonly dataKeys: DataKeys
}

/** 32 bytes each: one, or of aws:kms:dsse two, the inner layer's first. */
export type DataKeys = readonly Buffer[]

/** Whether the ETag is the MD5 of the bytes, as without encryption. */
export const hasDigestAsEtag = (encryption: ObjectEncryption | undefined): boolean =>
  encryption === undefined || encryption.method === 'AES256'
