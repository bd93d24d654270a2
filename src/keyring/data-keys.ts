/** The interface of the KMS for the encryption of objects: keys by name, and data keys that they wrap. */
import type { EncryptionContext } from '#model/object/encryption.ts'

/** Where a name without an ARN is looked up: the caller's account, and the region of the request. */
export interface KeyPlace {
  readonly account: string
  readonly region: string
}

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

/** A key, without its material. */
export interface KeyView {
  /** A UUID, or `mrk-` and 32 hex digits. */
  readonly id: string
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly state: KeyState
  /** `AWS`: made by the server for a service, such as the key of alias/aws/s3. */
  readonly manager: 'CUSTOMER' | 'AWS'
  /** Names such as `alias/backups`. */
  readonly aliases: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** The key policy as it was put. It may have been edited by hand. */
  readonly policy: unknown
  /** Ids of the principals in the policy, as of its put. */
  readonly principals: Readonly<Record<string, string>>
}

export interface DataKey {
  readonly keyArn: string
  /** 32 bytes. */
  readonly plaintext: Buffer
  /** Contains its key and its material. It can be decrypted only with the same context. */
  readonly wrapped: Buffer
}

export interface Keyring {
  /**
   * A usable key, by its id, ARN, alias name or alias ARN. KMS.NotFoundException, KMS.DisabledException,
   * KMS.KMSInvalidStateException.
   */
  resolve(keyId: string, place: KeyPlace): KeyView
  /** Like `resolve`, but also finds a key that another node has just created. */
  lookUp(keyId: string, place: KeyPlace): Promise<KeyView>
  /** The key of alias/aws/s3 of the account and region. It is created at first use. */
  managedKey(service: 's3', place: KeyPlace): Promise<KeyView>
  /** The errors of `resolve`, and KMS.KeyUnavailableException. */
  generateDataKey(keyArn: string, context: EncryptionContext): Promise<DataKey>
  /**
   * The errors of `generateDataKey`, and KMS.InvalidCiphertextException if it was changed or the context is another.
   */
  unwrap(wrapped: Buffer, context: EncryptionContext): Promise<Buffer>
  /** The server's key for SSE-S3, which no operation of KMS shows. */
  readonly serverKey: ServerKey
}

export interface ServerKey {
  generate(context: EncryptionContext): Promise<Omit<DataKey, 'keyArn'>>
  unwrap(wrapped: Buffer, context: EncryptionContext): Promise<Buffer>
}
