/** Where the root key comes from, which wraps the material of all keys. */
import type { RootRecord } from '#keyring/key-document.ts'

export interface RootSecret {
  readonly secret: Buffer
  /** What the document keeps to find it again. */
  readonly wrapped?: Buffer
  readonly file?: string
}

export interface RootKeySource {
  readonly kind: RootRecord['kind']
  /** The root key of a document. Throws RootKeyProblem. */
  open(record: RootRecord): Promise<Buffer>
  /** For a document without keys: the root key that is there, or a new one. Throws RootKeyProblem. */
  make(): Promise<RootSecret>
  /** Another root key, to take the place of the one in use, which stays as it is. Throws RootKeyProblem. */
  renew(): Promise<RootSecret>
}

/** Why the root key cannot be used: a sentence for the one who runs the server. */
export class RootKeyProblem extends Error {
  /** It may be over by itself: what keeps the root key cannot be reached now. */
  readonly isPassing: boolean = false

  constructor(sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause })
    this.name = 'RootKeyProblem'
  }
}

export class RootKeyUnreachable extends RootKeyProblem {
  override readonly isPassing = true
}
