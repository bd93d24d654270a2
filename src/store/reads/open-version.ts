import type { ServerResponse } from 'node:http'
import type { ByteRange } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import type { Content, OpenObject, Stretch } from '#store/contract.ts'

export class OpenVersion implements OpenObject {
  readonly version: StoredVersion
  readonly blob: OpenBlob

  constructor(version: StoredVersion, blob: OpenBlob) {
    this.version = version
    this.blob = blob
  }

  get kept(): OpenBlob {
    return this.blob
  }

  async unseal(): Promise<void> {
    throw new Error('a version that is not encrypted needs no keys')
  }

  content(start: number, end: number): Content {
    const range = { start, end }
    return this.blob.bytes(range) ?? new BlobStretch(this.blob, range)
  }

  close(): void {
    this.blob.close()
  }
}

type Unseal = (sealed: OpenBlob, dataKeys: DataKeys) => OpenBlob

/** An open version with encrypted bytes, which cannot be read before `unseal`. */
export class SealedVersion implements OpenObject {
  readonly version: StoredVersion
  readonly #sealed: OpenBlob
  readonly #unseal: Unseal
  #opened: OpenVersion | undefined

  constructor(version: StoredVersion, sealed: OpenBlob, unseal: Unseal) {
    this.version = version
    this.#sealed = sealed
    this.#unseal = unseal
  }

  /** The bytes as stored. */
  get kept(): OpenBlob {
    return this.#sealed
  }

  async unseal(dataKeys: DataKeys): Promise<void> {
    this.#opened = new OpenVersion(this.version, this.#unseal(this.#sealed, dataKeys))
  }

  get blob(): OpenBlob {
    return this.#unsealed.blob
  }

  content(start: number, end: number): Content {
    return this.#unsealed.content(start, end)
  }

  close(): void {
    this.#sealed.close()
  }

  get #unsealed(): OpenVersion {
    if (this.#opened === undefined) throw new Error(`${this.version.key} is encrypted and was opened without its keys`)
    return this.#opened
  }
}

class BlobStretch implements Stretch {
  readonly #blob: OpenBlob
  readonly #range: ByteRange

  constructor(blob: OpenBlob, range: ByteRange) {
    this.#blob = blob
    this.#range = range
  }

  get sizeBytes(): number {
    return this.#range.end - this.#range.start
  }

  send(response: ServerResponse, writeHead?: () => void): Promise<void> {
    return this.#blob.send(this.#range, response, writeHead)
  }

  pieces(): AsyncIterable<Buffer> {
    return this.#blob.pieces(this.#range)
  }

  close(): void {
    this.#blob.close()
  }
}
