/** What turns a request for encryption into keys. One for a process: it keeps the bucket keys. */
import type { DataKey, Keyring } from '#keyring/data-keys.ts'
import type { Clock } from '#lib/clock.ts'
import { rememberUpTo } from '#lib/remember.ts'
import type { ServerEncryption } from '#model/bucket/bucket-encryption.ts'
import type { EncryptionContext } from '#model/object/encryption.ts'

export interface EncryptionOptions {
  readonly keyring: Keyring
  readonly clock: Clock
  /** DEFAULT_ENCRYPTION. */
  readonly defaultEncryption: ServerEncryption
  /** The account of a principal, by its canonical id. */
  readonly findAccount: (canonicalId: string) => string | undefined
}

/** So long one requester's writes share a bucket key. */
const bucketKeyLifeMs = 5 * 60 * 1000
const bucketKeysMax = 1000

interface KeptKey {
  readonly key: Promise<DataKey>
  readonly untilMs: number
}

export class Encryption {
  readonly keyring: Keyring
  readonly defaultEncryption: ServerEncryption
  readonly #clock: Clock
  readonly #findAccount: EncryptionOptions['findAccount']
  readonly #bucketKeys = new Map<string, KeptKey>()

  constructor({ keyring, clock, defaultEncryption, findAccount }: EncryptionOptions) {
    this.keyring = keyring
    this.defaultEncryption = defaultEncryption
    this.#clock = clock
    this.#findAccount = findAccount
  }

  accountOf(canonicalId: string): string {
    return this.#findAccount(canonicalId) ?? ''
  }

  /**
   * An S3 Bucket Key: a key of the KMS that wraps the data keys of many objects, one for each requester.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
   */
  bucketKey(requester: string, keyArn: string, context: EncryptionContext): Promise<DataKey> {
    const name = JSON.stringify([requester, keyArn, Object.entries(context).sort()])
    const nowMs = this.#clock.nowMs()
    const kept = this.#bucketKeys.get(name)
    if (kept !== undefined && kept.untilMs > nowMs) return kept.key
    const key = this.keyring.generateDataKey(keyArn, context)
    rememberUpTo(this.#bucketKeys, bucketKeysMax, name, { key, untilMs: nowMs + bucketKeyLifeMs })
    key.catch(() => this.#bucketKeys.delete(name))
    return key
  }
}
