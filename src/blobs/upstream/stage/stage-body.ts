/** Receives bodies. Small ones stay in memory until the commit. Large ones go upstream under ids in the index. */
import { algorithmsFor, type IncomingBody, type Staged, type StagedBlob } from '#blobs/contract/incoming.ts'
import { ingest } from '#blobs/io/ingest.ts'
import { assertNotTooLarge, readSmall } from '#blobs/read-body.ts'
import { changeDurably, type UpstreamContext, writeDurably } from '#blobs/upstream/context.ts'
import { inlinePiece, newId, type Piece, wholePiece } from '#blobs/upstream/piece.ts'
import { bytesKey, putAbandoned, rowsOfStaged } from '#blobs/upstream/rows.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { limits } from '#model/limits.ts'
import { BufferedUpload } from './buffered-upload.ts'
import { growStaged } from './grow-staged.ts'
import { PieceUpload } from './piece-upload.ts'

/** The largest object that one request writes; S3 accepts up to 5 GiB. */
const pieceBytesMax = 1024 ** 3

/** How bytes are stored: `0` in a row of the index with the id of the blob, `1` as pieces. */
export const inlineKind = 0
const piecesKind = 1

export const refOf = (id: string, sizeBytes: number, kind: number = piecesKind): BlobRef => ({
  id,
  sizeBytes,
  kind,
  stamp: 0,
  secondStamp: 0,
})

export interface StagedPieces extends Staged {
  readonly id: string
  readonly pieces: readonly Piece[]
}

export async function stageBody(context: UpstreamContext, body: IncomingBody): Promise<StagedBlob> {
  assertNotTooLarge(body)
  const { sizeBytes } = body
  if (sizeBytes !== undefined && sizeBytes <= limits.inlineBytes) {
    return stageBytes(context, await readSmall(body.source, sizeBytes), body)
  }
  const received = await receive(context, body, newId(context.clock.nowMs()))
  if ('bytes' in received) return stageBytes(context, received.bytes, body)
  return { ref: refOf(received.id, received.sizeBytes), ...stagedOf(received), bytes: undefined }
}

export const stagedOf = ({ sizeBytes, digests }: Staged): Staged => ({ sizeBytes, digests })

/** Writes nothing before the commit. */
export function stageBytes(
  { clock }: Pick<UpstreamContext, 'clock'>,
  bytes: Buffer,
  wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>,
): StagedBlob {
  const digests = digestOnce(algorithmsFor(wanted), bytes)
  return { ref: refOf(newId(clock.nowMs()), bytes.length, inlineKind), sizeBytes: bytes.length, digests, bytes }
}

/** Stages a small body as a piece of a blob. */
export async function stageInlinePiece(
  context: UpstreamContext,
  bytes: Buffer,
  wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>,
): Promise<StagedPieces> {
  const id = newId(context.clock.nowMs())
  const pieces = bytes.length === 0 ? [] : [inlinePiece(id, bytes.length)]
  await writeDurably(context, [
    ...rowsOfStaged(id, pieces),
    ...(bytes.length === 0 ? [] : [{ key: bytesKey(id), value: bytes }]),
  ])
  return { id, pieces, sizeBytes: bytes.length, digests: digestOnce(algorithmsFor(wanted), bytes) }
}

/**
 * Streams a body into new pieces of a staged blob, after its present ones (`before`; undefined: it has no rows yet).
 * Returns the bytes of a body of unknown size if they are few and the first. An error leaves nothing behind.
 */
export async function receive(
  context: UpstreamContext,
  body: IncomingBody,
  id: string,
  before?: readonly Piece[],
): Promise<StagedPieces | { readonly bytes: Buffer }> {
  const { source, sizeBytes, maxBytes } = body
  const options = { names: algorithmsFor(body), sizeBytes, maxBytes }
  const buffered = sizeBytes === undefined ? new BufferedUpload(context, id, before) : undefined
  try {
    if (buffered !== undefined) {
      const received = await ingest(source, buffered, options)
      const few = await buffered.finish()
      return few === undefined ? { id, pieces: buffered.pieces, ...received } : { bytes: few }
    }
    return await receiveKnown(context, { ...body, sizeBytes: sizeBytes ?? 0 }, id, before)
  } catch (error) {
    await abandon(context, id)
    throw asStorageError(error)
  } finally {
    buffered?.close()
  }
}

async function receiveKnown(
  context: UpstreamContext,
  body: IncomingBody & { readonly sizeBytes: number },
  id: string,
  before: readonly Piece[] | undefined,
): Promise<StagedPieces> {
  const { source, sizeBytes, maxBytes } = body
  assertNotTooLarge(body)
  const added = piecesOf(sizeBytes, context.clock.nowMs())
  const pieces = [...(before ?? []), ...added]
  if (before === undefined) await writeDurably(context, rowsOfStaged(id, pieces))
  else await growStaged(context, id, pieces)
  const upload = new PieceUpload(context, added)
  try {
    const received = await ingest(source, upload, { names: algorithmsFor(body), sizeBytes, maxBytes })
    upload.assertSame(received.digests)
    return { id, pieces, ...received }
  } catch (error) {
    upload.abandon()
    throw error
  }
}

function piecesOf(sizeBytes: number, nowMs: number): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at < sizeBytes; at += pieceBytesMax) {
    pieces.push(wholePiece(newId(nowMs), Math.min(pieceBytesMax, sizeBytes - at)))
  }
  return pieces
}

/** Never throws, so that the caller can throw the first error. A job removes the rest later. */
export async function abandon(context: UpstreamContext, id: string): Promise<void> {
  const { clock, log } = context
  try {
    await changeDurably(context, (transaction) => putAbandoned(transaction, id, clock.nowMs()))
  } catch (error) {
    log.warn({ err: error }, 'the index could not be written; the leftovers of a write upstream are removed later')
  }
}
