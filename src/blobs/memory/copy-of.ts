import { buffer } from 'node:stream/consumers'
import { copyFrom } from '#blobs/contract/copy-from.ts'
import { algorithmsFor, type ByteRange, type IncomingBody, type Staged } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'

export const digestsOf = (bytes: Buffer, wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>): Staged['digests'] =>
  digestOnce(algorithmsFor(wanted), bytes)

/** Reads a range of another blob, of any store. Closes the blob. */
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
  const stage = async ({ source }: IncomingBody) => {
    const copied = await buffer(source)
    return { copied, sizeBytes: copied.length, digests: digestsOf(copied, { algorithms }) }
  }
  const { copied } = await copyFrom(from, range, algorithms, stage, () => undefined)
  return copied
}
