/** The encryption of a version's bytes. Storage sees data keys only; the layer above it wraps them. */

export type EncryptionMethod = 'AES256' | 'aws:kms' | 'aws:kms:dsse' | 'SSE-C'

export type EncryptionContext = Readonly<Record<string, string>>

/** The encryption in a version's record. */
export interface ObjectEncryption {
  readonly method: EncryptionMethod
  /** For KMS methods. */
  readonly keyArn?: string
  readonly isBucketKeyEnabled?: true
  /** As the client gave it. */
  readonly context?: EncryptionContext
  /** Base64. For SSE-C it is wrapped by the customer's key, so a wrong key fails to unwrap it. */
  readonly wrappedKey: string
  /** For the outer layer of aws:kms:dsse. */
  readonly secondWrappedKey?: string
}

/** The encryption of a write. */
export interface Sealing {
  readonly encryption: ObjectEncryption
  readonly dataKeys: DataKeys
}

/** 32 bytes each: one, or two for aws:kms:dsse, where the inner layer's is first. */
export type DataKeys = readonly Buffer[]

/** Whether the ETag is the MD5 of the bytes, as without encryption. */
export const hasDigestAsEtag = (encryption: ObjectEncryption | undefined): boolean =>
  encryption === undefined || encryption.method === 'AES256'
