/**
 * The root key in use. It is opened when a key is first needed, and proved by the check in the document: a root key
 * that did not wrap these keys is refused. A new one is made only for a document that has none.
 */
import { hkdfSync } from 'node:crypto'
import type { KeyDocument, RootRecord } from '#keyring/key-document.ts'
import { openBytes, sealBytes } from '#keyring/sealed-bytes.ts'
import { RootKeyProblem, type RootKeySource } from './root-key-source.ts'

/** kms_keys.json, wherever it is kept. */
export interface KeyDocumentSource {
  readonly current: KeyDocument
  update(change: (value: KeyDocument) => KeyDocument): Promise<KeyDocument>
}

const checkText = 'myfsio root key'
const origins = {
  file: 'the file kms_root.key',
  setting: 'KMS_ROOT_KEY',
  endpoint: 'the KMS at KMS_ENDPOINT',
} as const

export class RootKey {
  readonly #source: RootKeySource
  readonly #document: KeyDocumentSource
  #opened: { readonly check: string; readonly key: Promise<Buffer> } | undefined

  constructor(source: RootKeySource, document: KeyDocumentSource) {
    this.#source = source
    this.#document = document
  }

  /** The key that wraps material: the document's, or a new one that is written there. Throws RootKeyProblem. */
  async key(): Promise<Buffer> {
    for (;;) {
      const { root } = this.#document.current
      if (root !== undefined) return this.#open(root)
      await this.#make()
    }
  }

  /** The key of a document that has one, if it can be opened. Throws RootKeyProblem. */
  async check(): Promise<void> {
    if (this.#document.current.root !== undefined) await this.key()
  }

  #open(root: RootRecord): Promise<Buffer> {
    if (this.#opened?.check === root.check) return this.#opened.key
    const opened = { check: root.check, key: this.#prove(root) }
    this.#opened = opened
    // What failed is tried again: a file may be restored, and a KMS may answer later.
    opened.key.catch(() => {
      if (this.#opened === opened) this.#opened = undefined
    })
    return opened.key
  }

  async #prove(root: RootRecord): Promise<Buffer> {
    const { kind } = this.#source
    if (kind !== root.kind) {
      throw new RootKeyProblem(
        `The keys of the KMS are wrapped by ${origins[root.kind]}, but the settings name ${origins[kind]}.`,
      )
    }
    const key = keyFrom(await this.#source.open(root))
    if (openBytes(key, Buffer.from(root.check, 'base64'))?.toString() === checkText) return key
    throw new RootKeyProblem(
      `The root key of the KMS is another than the one that wraps the keys: ${origins[kind]} has changed.`,
    )
  }

  async #make(): Promise<void> {
    const { secret, wrapped } = await this.#source.make()
    const check = sealBytes(keyFrom(secret), checkText).toString('base64')
    const { kind } = this.#source
    const root = { kind, check, ...(wrapped === undefined ? {} : { wrapped: wrapped.toString('base64') }) }
    // Another process may have written one first.
    await this.#document.update((value) => ({ ...value, root: value.root ?? root }))
  }
}

const keyFrom = (secret: Buffer): Buffer => Buffer.from(hkdfSync('sha256', secret, 'myfsio', 'kms root key', 32))
