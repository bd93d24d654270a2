import { type UpstreamContext, writeDurably } from '#blobs/upstream/context.ts'
import { encodePieces, type Piece } from '#blobs/upstream/piece.ts'
import { blobKey, emptyRow, stagedKey } from '#blobs/upstream/rows.ts'
import type { Write } from '#metadata/engine.ts'

/**
 * A staged blob has these pieces from now on. OperationAborted if it counts as abandoned, which is after a day: the
 * pieces that it had are being removed, and no row may name them again.
 */
export async function growStaged(
  context: UpstreamContext,
  id: string,
  pieces: readonly Piece[],
  more: readonly Write[] = [],
): Promise<void> {
  const isStaged = { key: stagedKey(id), is: emptyRow }
  await writeDurably(context, [{ key: blobKey(id), value: encodePieces(pieces) }, ...more], [isStaged])
}
