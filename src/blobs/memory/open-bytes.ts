import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { copyFrom } from '#blobs/contract/copy-from.ts'
import { algorithmsFor, type ByteRange, type Staged } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { ChecksumAlgorithm } from '#model/object.ts'

export class OpenBytes implements OpenBlob {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  bytes({ start, end }: ByteRange): Buffer {
    return this.#bytes.subarray(start, end)
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

  assertCopied(): void {}

  close(): void {}
}

export const digestsOf = (bytes: Buffer, algorithms: readonly ChecksumAlgorithm[]): Staged['digests'] =>
  digestOnce(algorithmsFor(algorithms), bytes)

/** Bytes of another blob, of any store. Closes it. */
export async function copyOf(
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<Buffer> {
  const bytes = from.bytes(range)
  if (bytes !== undefined) {
    from.close()
    return Buffer.from(bytes)
  }
  const stage = async ({ source }: { readonly source: Readable }) => {
    const copied = await buffer(source)
    return { copied, sizeBytes: copied.length, digests: digestsOf(copied, algorithms) }
  }
  const { copied } = await copyFrom(from, range, algorithms, stage, () => undefined)
  return copied
}
