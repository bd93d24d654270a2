import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ByteRange } from './contract/incoming.ts'
import type { OpenBlob } from './contract/open-blob.ts'

/** Bytes in memory that have been verified. */
export class OpenBytes implements OpenBlob {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  bytes({ start, end }: ByteRange): Buffer {
    const bytes = this.#bytes
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
  }

  async send(range: ByteRange, response: ServerResponse, writeHead?: () => void): Promise<void> {
    writeHead?.()
    await new Promise<void>((resolve, reject) => {
      const onClose = () => reject(new Error('The client closed the connection'))
      response.once('close', onClose)
      response.write(this.bytes(range), (error) => {
        response.off('close', onClose)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  async *pieces(range: ByteRange): AsyncGenerator<Buffer> {
    yield this.bytes(range)
  }

  uncheckedStream(range: ByteRange): Readable {
    return Readable.from([this.bytes(range)], { objectMode: false })
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    if (position + target.length > this.#bytes.length) throw new Error('the range is longer than the bytes')
    target.set(this.#bytes.subarray(position, position + target.length))
  }

  assertCopied(): void {}

  close(): void {}
}
