/** Uses the keys of kms_keys.json. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { ApiError } from '#model/errors.ts'
import type { EncryptionContext } from '#model/object/encryption.ts'
import { decrypt, encrypt, nameIn } from './ciphertext.ts'
import type { DataKey, KeyPlace, Keyring, KeyView, ServerKey } from './data-keys.ts'
import type { Alias, KeyDocument, KeyEntry, Material } from './key-document.ts'
import { assertUsable, findAlias, getKey, keyArn, placeOf, viewOf } from './key-lookup.ts'
import { managedAlias, managedDescription, managedPolicy } from './managed-keys.ts'
import { findLostMaterial, newMaterial, openMaterial } from './material.ts'
import { type KeyDocumentSource, type ProvenRootKey, RootKey } from './root-key/root-key.ts'
import { RootKeyProblem, type RootKeySource } from './root-key/root-key-source.ts'

export interface LocalKeyringOptions {
  readonly document: KeyDocumentSource
  readonly root: RootKeySource
  readonly clock: Clock
  /** Reads what other nodes have changed, where there are any. */
  readonly freshen?: (() => Promise<unknown>) | undefined
}

export interface Decrypted {
  readonly key: KeyEntry
  readonly plaintext: Buffer
  readonly materialId: string
}

const dataKeyBytes = 32
const yearDays = 365
const dayMs = 86_400_000

type Holder = Pick<KeyEntry, 'id' | 'materials'>

export class LocalKeyring implements Keyring {
  readonly serverKey: ServerKey
  readonly #document: KeyDocumentSource
  readonly #root: RootKey
  readonly #clock: Clock
  readonly #freshen: (() => Promise<unknown>) | undefined
  /** A new state of the document has new objects, so deleted material is dropped with the old state. */
  readonly #opened = new WeakMap<Material, Buffer>()
  /** For new material: the check of the root key that wraps it. */
  readonly #wrappedBy = new WeakMap<Material, string>()

  constructor({ document, root, clock, freshen }: LocalKeyringOptions) {
    this.#document = document
    this.#root = new RootKey(root, document)
    this.#clock = clock
    this.#freshen = freshen
    this.serverKey = {
      generate: (context) => this.#generateServerKey(context),
      unwrap: (wrapped, context) => this.#unwrapServerKey(wrapped, context),
    }
  }

  get keys(): KeyDocument {
    return this.#document.current
  }

  /** Finds a key in any state. KMS.NotFoundException. */
  get(keyId: string, place: KeyPlace): KeyEntry {
    return getKey(this.keys, keyId, place)
  }

  resolve(keyId: string, place: KeyPlace): KeyView {
    const key = this.get(keyId, place)
    assertUsable(key)
    return viewOf(this.keys, key)
  }

  async lookUp(keyId: string, place: KeyPlace): Promise<KeyView> {
    try {
      return this.resolve(keyId, place)
    } catch (error) {
      if (!(await this.looksAgain())) throw error
      return this.resolve(keyId, place)
    }
  }

  /** Whether another node has changed the keys since this one has last read them. */
  async looksAgain(): Promise<boolean> {
    const before = this.keys
    await this.#freshen?.()
    return this.keys !== before
  }

  async managedKey(service: 's3', place: KeyPlace): Promise<KeyView> {
    const name = managedAlias(service)
    if (findAlias(this.keys, name, place) === undefined) {
      const made = await this.#newManagedKey(name, place)
      await this.#change((value) => {
        if (findAlias(value, name, place) !== undefined) return value
        return { ...value, keys: [...value.keys, made.key], aliases: [...value.aliases, made.alias] }
      })
    }
    return this.resolve(name, place)
  }

  async generateDataKey(arn: string, context: EncryptionContext): Promise<DataKey> {
    const key = this.get(arn, placeOf(arn))
    const plaintext = randomBytes(dataKeyBytes)
    return { keyArn: keyArn(key, key.id), plaintext, wrapped: await this.encrypt(key, plaintext, context) }
  }

  async unwrap(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    return (await this.decrypt(wrapped, context)).plaintext
  }

  /** The errors of `generateDataKey`. */
  async encrypt(key: KeyEntry, plaintext: Buffer, context: EncryptionContext): Promise<Buffer> {
    assertUsable(key)
    return this.#encryptBy(key, plaintext, context)
  }

  /** The errors of `unwrap`. */
  async decrypt(ciphertext: Buffer, context: EncryptionContext): Promise<Decrypted> {
    await this.#lookFor(ciphertext)
    const key = this.keyOf(ciphertext)
    assertUsable(key)
    return { key, ...(await this.#decryptBy(key, ciphertext, context)) }
  }

  /** The key of a ciphertext. KMS.InvalidCiphertextException. */
  keyOf(ciphertext: Buffer): KeyEntry {
    const name = nameIn(ciphertext)
    const key = name && this.keys.keys.find(({ id }) => id === name.keyId)
    if (key === undefined) throw new ApiError('KMS.InvalidCiphertextException')
    return key
  }

  /** Material for a key. KMS.KeyUnavailableException. */
  async newMaterial(keyId: string, rotation?: Material['rotation']): Promise<Material> {
    const { key, check } = await this.#rootKey()
    const material = newMaterial(key, keyId, this.now(), rotation)
    this.#wrappedBy.set(material, check)
    return material
  }

  /** Why no key can be used, as a sentence. */
  get problem(): string | undefined {
    return this.#root.problem
  }

  /** Throws RootKeyProblem if there are keys and their root key cannot be opened. */
  checkRoot(): Promise<void> {
    return this.#root.check()
  }

  /** Changes keys and aliases. A change that would lose material before the end of its waiting period is a bug. */
  update(change: (value: KeyDocument) => KeyDocument): Promise<KeyDocument> {
    return this.#change((value) => {
      const changed = change(value)
      const lost = findLostMaterial(value, changed, this.#clock.nowMs())
      if (lost !== undefined) throw new Error(`The material ${lost} would be lost`)
      return changed
    })
  }

  now(): string {
    return new Date(this.#clock.nowMs()).toISOString()
  }

  async #newManagedKey(name: string, place: KeyPlace): Promise<{ key: KeyEntry; alias: Alias }> {
    const { account, region } = place
    const id = randomUUID()
    const at = this.now()
    const nextAt = new Date(this.#clock.nowMs() + yearDays * dayMs).toISOString()
    const key: KeyEntry = {
      id,
      account,
      region,
      manager: 'AWS',
      description: managedDescription,
      createdAt: at,
      isEnabled: true,
      policy: managedPolicy(place),
      tags: {},
      rotation: { periodDays: yearDays, nextAt },
      materials: [await this.newMaterial(id)],
    }
    return { key, alias: { name, account, region, keyId: id, createdAt: at, updatedAt: at } }
  }

  async #generateServerKey(context: EncryptionContext) {
    const plaintext = randomBytes(dataKeyBytes)
    return { plaintext, wrapped: await this.#encryptBy(await this.#ownKey(), plaintext, context) }
  }

  async #unwrapServerKey(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    await this.#lookFor(wrapped)
    const { server } = this.keys
    if (server === undefined || nameIn(wrapped)?.keyId !== server.id) {
      throw new ApiError('KMS.InvalidCiphertextException')
    }
    return (await this.#decryptBy(server, wrapped, context)).plaintext
  }

  /** The object may be encrypted by a key that another node has just created. */
  async #lookFor(ciphertext: Buffer): Promise<void> {
    const name = nameIn(ciphertext)
    if (name === undefined) return
    const { keys, server } = this.keys
    const key = server?.id === name.keyId ? server : keys.find(({ id }) => id === name.keyId)
    if (key?.materials.some(({ id }) => id === name.materialId) !== true) await this.looksAgain()
  }

  async #ownKey(): Promise<Holder> {
    const known = this.keys.server
    if (known !== undefined) return known
    const id = randomUUID()
    const made = { id, materials: [await this.newMaterial(id)] }
    const { server = made } = await this.#change((value) => ({ ...value, server: value.server ?? made }))
    return server
  }

  async #encryptBy({ id, materials }: Holder, plaintext: Buffer, context: EncryptionContext): Promise<Buffer> {
    const current = materials.at(-1)
    if (current === undefined) throw new Error(`The key ${id} has no material`)
    return encrypt({ keyId: id, materialId: current.id }, await this.#open(id, current), plaintext, context)
  }

  async #decryptBy({ id, materials }: Holder, ciphertext: Buffer, context: EncryptionContext) {
    const materialId = nameIn(ciphertext)?.materialId ?? ''
    const material = materials.find((one) => one.id === materialId)
    const plaintext = material && decrypt(await this.#open(id, material), ciphertext, context)
    if (plaintext === undefined) throw new ApiError('KMS.InvalidCiphertextException')
    return { plaintext, materialId }
  }

  async #open(keyId: string, material: Material): Promise<Buffer> {
    const known = this.#opened.get(material)
    if (known !== undefined) return known
    const opened = openMaterial((await this.#rootKey()).key, keyId, material)
    if (opened === undefined) {
      const cause = new Error(`The material ${material.id} is not of the key ${keyId}, or of another root key`)
      throw new ApiError('KMS.KeyUnavailableException', { cause })
    }
    this.#opened.set(material, opened)
    return opened
  }

  /**
   * KMS.KeyUnavailableException if the root key has been exchanged since material was made, which could then not be
   * decrypted.
   */
  #change(change: (value: KeyDocument) => KeyDocument): Promise<KeyDocument> {
    return this.#document.update((value) => {
      const changed = change(value)
      const { root, server, keys } = changed
      for (const material of [...(server ? [server] : []), ...keys].flatMap(({ materials }) => materials)) {
        const check = this.#wrappedBy.get(material)
        if (check !== undefined && check !== root?.check) throw new ApiError('KMS.KeyUnavailableException')
      }
      return changed
    })
  }

  async #rootKey(): Promise<ProvenRootKey> {
    try {
      return await this.#root.key()
    } catch (cause) {
      if (!(cause instanceof RootKeyProblem)) throw cause
      throw new ApiError('KMS.KeyUnavailableException', { cause })
    }
  }
}
