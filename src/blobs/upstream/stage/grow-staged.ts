import { type UpstreamContext, writeDurably } from '#blobs/upstream/context.ts'
import { encodePieces, type Piece } from '#blobs/upstream/piece.ts'
import { blobKey, emptyRow, stagedKey } from '#blobs/upstream/rows.ts'
import type { Write } from '#metadata/engine.ts'

/**
 * Sets the pieces of a staged blob. Throws OperationAborted if it counts as abandoned after a day: its pieces are being
 * removed, and no row may name them again.
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
