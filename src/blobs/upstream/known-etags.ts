/**
 * ETags of objects upstream that this process has uploaded or compared. The rows of a blob are written before its
 * upload. The commit that gives the blob to a version or a part adds the ETags to its pieces.
 */
import { rememberUpTo } from '#lib/remember.ts'
import type { Transaction } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import { decodePieces, encodePieces } from './piece.ts'
import { blobKey, stagedKey } from './rows.ts'

const rememberedMax = 10_000

export class KnownEtags {
  readonly #etags = new Map<string, string>()

  note(pieceId: string, etag: string | undefined): void {
    if (etag !== undefined) rememberUpTo(this.#etags, rememberedMax, pieceId, etag)
  }

  isOf(pieceId: string, etag: string): boolean {
    return this.#etags.get(pieceId) === etag
  }

  /** Takes a blob out of its staging. Throws OperationAborted if it counts as abandoned: it is older than a day. */
  async settle(transaction: Transaction, blobId: string): Promise<void> {
    const [staged, row] = await Promise.all([transaction.get(stagedKey(blobId)), transaction.get(blobKey(blobId))])
    if (staged === undefined || row === undefined) throw new ApiError('OperationAborted')
    transaction.remove(stagedKey(blobId))
    const pieces = decodePieces(row)
    const isNews = pieces.some(({ id, etag }) => etag === undefined && this.#etags.has(id))
    if (!isNews) return
    const known = pieces.map((piece) => ({ ...piece, etag: piece.etag ?? this.#etags.get(piece.id) }))
    transaction.put(blobKey(blobId), encodePieces(known))
  }
}
