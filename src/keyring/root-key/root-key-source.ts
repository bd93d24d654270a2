/** The source of the root key, which wraps the material of all keys. */
import type { RootRecord } from '#keyring/key-document.ts'

export interface RootSecret {
  readonly secret: Buffer
  /** Stored in the document, to open the root key again. */
  readonly wrapped?: Buffer
  readonly file?: string
}

export interface RootKeySource {
  readonly kind: RootRecord['kind']
  /** Opens the root key of a document. Throws RootKeyProblem. */
  open(record: RootRecord): Promise<Buffer>
  /** For a document without keys: the existing root key, or a new one. Throws RootKeyProblem. */
  make(): Promise<RootSecret>
  /** Another root key, to replace the one in use, which is not changed. Throws RootKeyProblem. */
  renew(): Promise<RootSecret>
}

/** Why the root key cannot be used: a sentence for the administrator. */
export class RootKeyProblem extends Error {
  /** Whether the problem may be temporary: the place of the root key cannot be reached now. */
  readonly isPassing: boolean = false

  constructor(sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause })
    this.name = 'RootKeyProblem'
  }
}

export class RootKeyUnreachable extends RootKeyProblem {
  override readonly isPassing = true
}
