/**
 * Files whose bytes were compared with their checksum a moment ago. What is read again and again comes from memory, where a disk does no
 * damage: to compare it each time would take as long as to send it. Whatever changes a file meanwhile, even its name, changes its ctime.
 */
import type { FileSignature } from '#blobs/files/place/file-ref.ts'

export type VerifiableFile = FileSignature & { readonly ctimeMs: number }

const validMs = 60_000
const rememberedMax = 10_000

export class VerifiedFiles {
  readonly #byInode = new Map<number, VerifiableFile & { readonly untilMs: number }>()

  note(file: VerifiableFile): void {
    this.#byInode.delete(file.inode)
    const [oldest] = this.#byInode.keys()
    if (oldest !== undefined && this.#byInode.size >= rememberedMax) this.#byInode.delete(oldest)
    this.#byInode.set(file.inode, { ...file, untilMs: performance.now() + validMs })
  }

  has({ inode, sizeBytes, mtimeMs, ctimeMs }: VerifiableFile): boolean {
    const known = this.#byInode.get(inode)
    if (known === undefined || known.untilMs < performance.now()) return false
    return known.ctimeMs === ctimeMs && known.mtimeMs === mtimeMs && known.sizeBytes === sizeBytes
  }
}
