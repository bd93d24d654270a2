import type { ServerResponse } from 'node:http'
import type { ByteRange } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import type { Content, OpenObject, Stretch } from './contract.ts'

export class OpenVersion implements OpenObject {
  readonly version: StoredVersion
  readonly blob: OpenBlob

  constructor(version: StoredVersion, blob: OpenBlob) {
    this.version = version
    this.blob = blob
  }

  async unseal(_dataKeys: DataKeys): Promise<void> {
    throw new ApiError('NotImplemented')
  }

  content(start: number, end: number): Content {
    const range = { start, end }
    return this.blob.bytes(range) ?? new BlobStretch(this.blob, range)
  }

  close(): void {
    this.blob.close()
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
