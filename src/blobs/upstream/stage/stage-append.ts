/** Appends to an object: its pieces, then new ones. Only small pieces are joined. */
import { algorithmsFor, type IncomingBody, type StagedBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { assertNotTooLarge, readSmall } from '#blobs/read-body.ts'
import { changeDurably, type UpstreamContext, writeDurably } from '#blobs/upstream/context.ts'
import { inlinePiece, newId, type Piece } from '#blobs/upstream/piece.ts'
import { UpstreamBlob } from '#blobs/upstream/read/open-upstream.ts'
import { bytesKey, rowsOfStaged, sharePieces } from '#blobs/upstream/rows.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { asBuffer } from '#metadata/engine.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { growStaged } from './grow-staged.ts'
import { abandon, receive, refOf, stageBytes, stagedOf } from './stage-body.ts'

export async function stageAppend(context: UpstreamContext, to: OpenBlob, body: IncomingBody): Promise<StagedBlob> {
  try {
    assertNotTooLarge(body)
    const { sizeBytes } = body
    const isSmall = sizeBytes !== undefined && sizeBytes <= limits.inlineBytes
    const before = to.bytes({ start: 0, end: to.sizeBytes })
    if (before !== undefined && isSmall && before.length + sizeBytes <= limits.inlineBytes) {
      const added = await readSmall(body.source, sizeBytes)
      const digests = digestOnce(algorithmsFor(body), added)
      const { ref, bytes } = stageBytes(context, Buffer.concat([before, added]), { algorithms: [], isSealed: true })
      return { ref, sizeBytes, digests, bytes }
    }
    const id = newId(context.clock.nowMs())
    if (isSmall) return await addSmall(context, to, id, body, sizeBytes)
    return await addLarge(context, id, await piecesBefore(context, to, id, keptOf(context, to)), body)
  } finally {
    to.close()
  }
}

async function addLarge(
  context: UpstreamContext,
  id: string,
  before: readonly Piece[],
  body: IncomingBody,
): Promise<StagedBlob> {
  const received = await receive(context, body, id, before)
  if ('bytes' in received) return stageBytes(context, received.bytes, body)
  return { ref: refOf(id, sumOf(received.pieces)), ...stagedOf(received), bytes: undefined }
}

async function addSmall(
  context: UpstreamContext,
  to: OpenBlob,
  id: string,
  body: IncomingBody,
  sizeBytes: number,
): Promise<StagedBlob> {
  const kept = keptOf(context, to)
  const joined = jointOf(kept, sizeBytes)
  const before = await piecesBefore(context, to, id, joined === undefined ? kept : kept?.slice(0, -1))
  try {
    const added = await readSmall(body.source, sizeBytes)
    const bytes = joined === undefined ? added : Buffer.concat([await inlineBytes(context, joined), added])
    const pieces = bytes.length === 0 ? before : await withInline(context, before, bytes, id)
    const digests = digestOnce(algorithmsFor(body), added)
    return { ref: refOf(id, sumOf(pieces)), sizeBytes, digests, bytes: undefined }
  } catch (error) {
    await abandon(context, id)
    throw error
  }
}

/** Many small appends do not become as many pieces: a new piece takes over the bytes of a small last piece. */
function jointOf(kept: readonly Piece[] | undefined, addedBytes: number): Piece | undefined {
  const last = kept?.at(-1)
  return last?.isInline === true && last.sizeBytes + addedBytes <= limits.inlineBytes ? last : undefined
}

/** `before`: the pieces of a staged blob; undefined: the blob has no rows yet. */
async function withInline(
  context: UpstreamContext,
  before: readonly Piece[] | undefined,
  bytes: Buffer,
  id: string,
): Promise<readonly Piece[]> {
  const piece = inlinePiece(newId(context.clock.nowMs()), bytes.length)
  const pieces = [...(before ?? []), piece]
  const row = { key: bytesKey(piece.id), value: bytes }
  if (before === undefined) await writeDurably(context, [row, ...rowsOfStaged(id, pieces)])
  else await growStaged(context, id, pieces, [row])
  return pieces
}

async function inlineBytes({ engine }: UpstreamContext, { id, start, sizeBytes }: Piece): Promise<Buffer> {
  const row = await engine.get(bytesKey(id))
  if (row === undefined) throw new ApiError('OperationAborted')
  return asBuffer(row).subarray(start, start + sizeBytes)
}

/** Undefined: the blob is from another store. */
const keptOf = (context: UpstreamContext, to: OpenBlob): readonly Piece[] | undefined =>
  to instanceof UpstreamBlob && to.isKeptIn(context) ? to.kept : undefined

/**
 * Stages the new blob with its first pieces: `kept` from the old blob, or copies of its bytes. Throws OperationAborted
 * if the old blob was removed meanwhile.
 */
async function piecesBefore(
  context: UpstreamContext,
  to: OpenBlob,
  id: string,
  kept: readonly Piece[] | undefined,
): Promise<readonly Piece[]> {
  const { sizeBytes } = to
  const whole = { start: 0, end: sizeBytes }
  if (kept !== undefined && to instanceof UpstreamBlob) {
    const isShared = await changeDurably(context, async (transaction) => {
      if (!(await sharePieces(transaction, to.version.blob.id, kept))) return false
      transaction.writes.push(...rowsOfStaged(id, kept))
      return true
    })
    if (!isShared) throw new ApiError('OperationAborted')
    return kept
  }
  const bytes = to.bytes(whole)
  if (bytes === undefined || bytes.length > limits.inlineBytes) return copyBefore(context, to, id)
  if (bytes.length > 0) return withInline(context, undefined, bytes, id)
  await writeDurably(context, rowsOfStaged(id, []))
  return []
}

async function copyBefore(context: UpstreamContext, to: OpenBlob, id: string): Promise<readonly Piece[]> {
  const { sizeBytes } = to
  const whole = { start: 0, end: sizeBytes }
  const source = to.uncheckedStream(whole)
  const received = await receive(context, { source, sizeBytes, maxBytes: sizeBytes, algorithms: [] }, id)
  if ('bytes' in received) throw new Error('a body of known size was gathered')
  to.assertCopied(whole, received.digests)
  return received.pieces
}

const sumOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
