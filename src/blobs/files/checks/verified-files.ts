/**
 * Files whose bytes were verified recently. A file that is read often comes from the page cache, where a disk cannot
 * damage it, and to verify it each time would take as long as to send it. Every change of a file, even of its name,
 * changes its ctime.
 */
import { type FileSignature, isFileOf } from '#blobs/files/place/file-ref.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'

interface Verified {
  readonly signature: FileSignature
  readonly ctimeMs: number
  readonly untilMs: number
}

const validMs = 60_000
const rememberedMax = 10_000

export class VerifiedFiles {
  readonly #byInode = new Map<number, Verified>()

  note(signature: FileSignature, ctimeMs: number): void {
    this.#byInode.delete(signature.inode)
    const [oldest] = this.#byInode.keys()
    if (oldest !== undefined && this.#byInode.size >= rememberedMax) this.#byInode.delete(oldest)
    this.#byInode.set(signature.inode, { signature, ctimeMs, untilMs: performance.now() + validMs })
  }

  has(blob: BlobRef, ctimeMs: number): boolean {
    const known = this.#byInode.get(blob.stamp)
    if (known === undefined || known.untilMs < performance.now()) return false
    return known.ctimeMs === ctimeMs && isFileOf(known.signature, blob)
  }
}
