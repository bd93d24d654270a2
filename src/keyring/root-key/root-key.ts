/**
 * The root key in use. It is opened when a key is first needed, and verified by the check in the document: a root key
 * that did not wrap these keys is refused. A new one is made only for a document without one.
 */
import type { KeyDocument, RootRecord } from '#keyring/key-document.ts'
import { proveRootKey, recordOf } from './prove-root-key.ts'
import type { RootKeySource } from './root-key-source.ts'

/** kms_keys.json, wherever it is kept. */
export interface KeyDocumentSource {
  readonly current: KeyDocument
  update(change: (value: KeyDocument) => KeyDocument): Promise<KeyDocument>
}

/** A root key, and the check in its record, which identifies it. */
export interface ProvenRootKey {
  readonly key: Buffer
  readonly check: string
}

export class RootKey {
  readonly #source: RootKeySource
  readonly #document: KeyDocumentSource
  #problem: string | undefined
  #opened: { readonly check: string; readonly key: Promise<Buffer> } | undefined

  constructor(source: RootKeySource, document: KeyDocumentSource) {
    this.#source = source
    this.#document = document
  }

  /** The key that wraps material: the document's, or a new one that is written to it. Throws RootKeyProblem. */
  async key(): Promise<ProvenRootKey> {
    for (;;) {
      const { root } = this.#document.current
      if (root !== undefined) return { key: await this.#open(root), check: root.check }
      await this.#make()
    }
  }

  /** Why the root key could not be opened last; undefined after a success. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Opens the root key, if the document has one. Throws RootKeyProblem. */
  async check(): Promise<void> {
    if (this.#document.current.root !== undefined) await this.key()
  }

  #open(root: RootRecord): Promise<Buffer> {
    if (this.#opened?.check === root.check) return this.#opened.key
    const opened = { check: root.check, key: proveRootKey(this.#source, root) }
    this.#opened = opened
    // A failure is tried again: a file may be restored, and a KMS may answer later.
    opened.key.then(
      () => {
        this.#problem = undefined
      },
      (error: unknown) => {
        this.#problem = error instanceof Error ? error.message : String(error)
        if (this.#opened === opened) this.#opened = undefined
      },
    )
    return opened.key
  }

  async #make(): Promise<void> {
    const { root } = recordOf(this.#source.kind, await this.#source.make())
    // Another process may have written one first.
    await this.#document.update((value) => ({ ...value, root: value.root ?? root }))
  }
}
