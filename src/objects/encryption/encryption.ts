/** Chooses and caches the keys for encryption. There is one for each process, which keeps the bucket keys. */
import type { DataKey, Keyring } from '#keyring/data-keys.ts'
import type { Clock } from '#lib/clock.ts'
import { rememberUpTo } from '#lib/remember.ts'
import type { ServerEncryption } from '#model/bucket/bucket-encryption.ts'
import type { DataKeys, EncryptionContext } from '#model/object/encryption.ts'
import type { WrappingKey } from './wrapped-key.ts'

export interface EncryptionOptions {
  readonly keyring: Keyring
  readonly clock: Clock
  /** DEFAULT_ENCRYPTION. */
  readonly defaultEncryption: ServerEncryption
  /** The account of a principal, by canonical id. */
  readonly findAccount: (canonicalId: string) => string | undefined
}

/** How long the writes of a requester, or of all requesters with SSE-S3, share a key of a bucket. */
const keyLifeMs = 5 * 60 * 1000
const keysMax = 5000

const contextOf = (bucketArn: string): EncryptionContext => ({ 'aws:s3:arn': bucketArn })

interface Kept<K> {
  readonly key: Promise<K>
  readonly untilMs: number
}

type KeptKeys<K> = Map<string, Kept<K>>

export class Encryption {
  readonly keyring: Keyring
  readonly defaultEncryption: ServerEncryption
  readonly #clock: Clock
  readonly #findAccount: EncryptionOptions['findAccount']
  readonly #bucketKeys: KeptKeys<DataKey> = new Map()
  readonly #serverKeys: KeptKeys<WrappingKey> = new Map()
  readonly #dataKeys: KeptKeys<DataKeys> = new Map()
  readonly #openedServerKeys: KeptKeys<Buffer> = new Map()

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
    return this.#keep(this.#bucketKeys, name, () => this.keyring.generateDataKey(keyArn, context))
  }

  /** The same with the server's own key, for a bucket. */
  serverKey(bucketArn: string): Promise<WrappingKey> {
    return this.#keep(this.#serverKeys, bucketArn, () => this.keyring.serverKey.generate(contextOf(bucketArn)))
  }

  openServerKey(bucketArn: string, wrapped: Buffer): Promise<Buffer> {
    const name = `${bucketArn} ${wrapped.toString('latin1')}`
    return this.#keep(this.#openedServerKeys, name, () => this.keyring.serverKey.unwrap(wrapped, contextOf(bucketArn)))
  }

  /**
   * Caches data keys of SSE-S3, which need no permission, so that repeated reads unwrap them once. `name` must contain
   * everything that decides about them.
   */
  keepDataKeys(name: string, open: () => Promise<DataKeys>): Promise<DataKeys> {
    return this.#keep(this.#dataKeys, name, open)
  }

  #keep<K>(keys: KeptKeys<K>, name: string, make: () => Promise<K>): Promise<K> {
    const nowMs = this.#clock.nowMs()
    const kept = keys.get(name)
    if (kept !== undefined && kept.untilMs > nowMs) return kept.key
    const key = make()
    rememberUpTo(keys, keysMax, name, { key, untilMs: nowMs + keyLifeMs })
    key.catch(() => keys.delete(name))
    return key
  }
}
