/** Copies within this store share the pieces of their source: no byte is copied. */
import { copyFrom } from '#blobs/contract/copy-from.ts'
import {
  algorithmsFor,
  type ByteRange,
  type IncomingBody,
  type Staged,
  type StagedBlob,
} from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { changeDurably, type UpstreamContext } from '#blobs/upstream/context.ts'
import { cutPieces, newId } from '#blobs/upstream/piece.ts'
import { UpstreamBlob } from '#blobs/upstream/read/open-upstream.ts'
import { rowsOfStaged, sharePieces } from '#blobs/upstream/rows.ts'
import { createDigester } from '#lib/digest/digest.ts'
import { limits } from '#model/limits.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { abandon, refOf, type StagedPieces, stageBody, stageBytes, stagedOf } from './stage-body.ts'

export async function stageCopy(
  context: UpstreamContext,
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<StagedBlob> {
  const bytes = from.bytes(range)
  if (bytes !== undefined && bytes.length <= limits.inlineBytes) {
    from.close()
    return stageBytes(context, bytes, { algorithms })
  }
  const shared = await shareStretch(context, from, range, algorithms)
  if (shared !== undefined) return { ref: refOf(shared.id, shared.sizeBytes), ...stagedOf(shared), bytes: undefined }
  return copyFrom(
    from,
    range,
    algorithms,
    (body: IncomingBody) => stageBody(context, body),
    ({ ref }) => (ref.kind === 0 ? undefined : abandon(context, ref.id)),
  )
}

/** Closes the blob unless the result is undefined. In that case its bytes have to be copied. */
export async function shareStretch(
  context: UpstreamContext,
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<StagedPieces | undefined> {
  const sizeBytes = range.end - range.start
  if (!(from instanceof UpstreamBlob) || !from.isKeptIn(context) || sizeBytes <= limits.inlineBytes) return undefined
  const id = newId(context.clock.nowMs())
  const pieces = cutPieces(from.kept, range)
  const isShared = await changeDurably(context, async (transaction) => {
    if (!(await sharePieces(transaction, from.version.blob.id, pieces))) return false
    transaction.writes.push(...rowsOfStaged(id, pieces))
    return true
  })
  // The source was removed just now, and its bytes still exist.
  if (!isShared) return undefined
  try {
    const digests = knownDigests(from, range, algorithms) ?? (await readDigests(from, range, algorithms))
    return { id, pieces, sizeBytes, digests }
  } catch (error) {
    await abandon(context, id)
    throw error
  } finally {
    from.close()
  }
}

/** The digests of a whole object that was not uploaded in parts are in its record. */
function knownDigests(
  { version, sizeBytes }: UpstreamBlob,
  { start, end }: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
): Staged['digests'] | undefined {
  const { checksum, crc64nvme, etag, partCount, encryption } = version
  if (start !== 0 || end !== sizeBytes || partCount > 0 || encryption !== undefined) return undefined
  const known = new Map<ChecksumAlgorithm, Buffer>([['MD5', Buffer.from(etag, 'hex')]])
  if (crc64nvme !== undefined) known.set('CRC64NVME', Buffer.from(crc64nvme, 'base64'))
  if (checksum?.type === 'FULL_OBJECT') known.set(checksum.algorithm, Buffer.from(checksum.value, 'base64'))
  const wanted = algorithmsFor({ algorithms })
  return wanted.every((name) => known.has(name))
    ? new Map(wanted.map((name) => [name, known.get(name) as Buffer]))
    : undefined
}

async function readDigests(
  from: UpstreamBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<Staged['digests']> {
  const digester = createDigester(algorithmsFor({ algorithms }))
  for await (const chunk of from.uncheckedStream(range)) digester.update(chunk)
  const digests = digester.digest()
  from.assertCopied(range, digests)
  return digests
}
