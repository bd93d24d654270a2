/**
 * Moves files to where the records say (DESIGN §5, steps 4 and 6). Every method runs inside an exclusive section of the index, so that
 * writers of one key in any process take turns; playing a row again changes nothing.
 */
import fs from 'node:fs'
import { findFileSafely, hasCode, moveFile, pruneFolders, removeFile, writeSmallFile } from '#blobs/files.ts'
import { InsideCheck } from '#blobs/inside.ts'
import type { Layout } from '#blobs/layout.ts'
import type { Exclusive } from '#metadata/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { StoreLog } from './context.ts'
import { type Located, locate } from './locate.ts'
import type { Pending, RemovedFile } from './pending.ts'

export class FileMoves {
  readonly #options: { readonly layout: Layout; readonly log: StoreLog }
  readonly #inside = new InsideCheck()

  constructor(options: { readonly layout: Layout; readonly log: StoreLog }) {
    this.#options = options
  }

  /** `recovering`: after an unclean end, when a small file is trusted only if it holds the bytes of the log. */
  play(view: Exclusive, pending: Pending, recovering: boolean): void {
    const { layout } = this.#options
    for (const order of pending.moved) {
      const located = locate(view, pending.bucket, pending.key, order)
      if (located !== undefined) this.#place(view, pending, located, recovering)
      else if (order === pending.order && pending.fileId !== undefined) {
        fs.rmSync(layout.staging(pending.fileId), { force: true })
      }
    }
    for (const removed of pending.removed) this.#remove(view, pending, removed)
    if (pending.uploadId !== undefined) fs.rmSync(layout.upload(pending.uploadId), { recursive: true, force: true })
  }

  #place(view: Exclusive, pending: Pending, located: Located, recovering: boolean): void {
    const { layout, log } = this.#options
    const { version } = located
    const isNew = version.fileId === pending.fileId
    const target = layout.place(pending.bucket, pending.key, version.place)
    if (recovering && isNew && pending.bytes !== undefined) {
      this.#restore(view, pending, located, target, pending.bytes)
      return
    }
    if (isNew && this.#move(view, pending, located, layout.staging(version.fileId), target)) return
    const { inode } = version.signature
    if (findFileSafely(target)?.inode === inode) return
    for (const source of this.#candidates(pending, version)) {
      if (source !== target && findFileSafely(source)?.inode === inode) {
        this.#move(view, pending, located, source, target)
        return
      }
    }
    if (version.place.kind !== 'plain') {
      log.error(
        { bucket: pending.bucket, key: pending.key, versionId: version.versionId },
        'the bytes of a version are lost',
      )
    }
  }

  #candidates(pending: Pending, version: StoredVersion): string[] {
    const { layout } = this.#options
    const { bucket, key } = pending
    const id = version.fileId
    const places = [
      layout.staging(id),
      layout.place(bucket, key, { kind: 'version', id }),
      layout.place(bucket, key, { kind: 'opaque', id }),
      layout.assembled(id),
    ]
    if (pending.source !== undefined) places.push(layout.place(bucket, pending.source.key, pending.source.place))
    // Only a version that was, or is to be, plain has a key that is a path.
    return version.place.kind === 'opaque' ? places : [...places, layout.plain(bucket, key)]
  }

  /** False if there is no source. A plain place that cannot be had becomes an opaque one. */
  #move(view: Exclusive, pending: Pending, located: Located, source: string, target: string): boolean {
    const { layout, log } = this.#options
    const { version } = located
    if (version.place.kind === 'plain') {
      try {
        if (!this.#inside.isInside(layout.bucket(pending.bucket), target))
          throw Object.assign(new Error('outside'), { code: 'ELOOP' })
        moveFile(source, target)
        if (pending.source?.place.kind === 'plain') pruneFolders(source, layout.bucket(pending.bucket))
        return true
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return false
        if (
          !hasCode(
            error,
            'EISDIR',
            'ENOTDIR',
            'EEXIST',
            'ENOTEMPTY',
            'ENAMETOOLONG',
            'EINVAL',
            'EILSEQ',
            'EPERM',
            'ELOOP',
          )
        ) {
          throw error
        }
        log.info({ bucket: pending.bucket, key: pending.key }, 'the key cannot be a plain file here; kept in opaque/')
      }
      const place = { kind: 'opaque', id: version.fileId } as const
      moveFile(source, layout.place(pending.bucket, pending.key, place))
      view.put(located.row, encodeVersion({ ...version, place }))
      return true
    }
    try {
      moveFile(source, target)
      return true
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
  }

  /** The file in the place, if it is older than the log's bytes, or torn, is written again from them. */
  #restore(view: Exclusive, pending: Pending, located: Located, target: string, bytes: Uint8Array): void {
    const { layout } = this.#options
    const { version } = located
    const there = findFileSafely(target)
    if (there !== undefined) {
      if (there.sizeBytes === bytes.byteLength && Buffer.compare(fs.readFileSync(target), bytes) === 0) {
        view.put(located.row, encodeVersion({ ...version, signature: there }))
        return
      }
      const isEditedByHand = there.inode !== version.signature.inode && there.mtimeMs > version.modifiedAtMs
      if (isEditedByHand) return
    }
    const staging = layout.staging(version.fileId)
    fs.rmSync(staging, { force: true })
    const signature = writeSmallFile(staging, bytes)
    const restored = { ...version, signature }
    view.put(located.row, encodeVersion(restored))
    this.#move(view, pending, { row: located.row, version: restored }, staging, target)
  }

  /** A removed version that has not been moved yet is in `staging/`; its own row takes care of it there. */
  #remove(view: Exclusive, pending: Pending, removed: RemovedFile): void {
    const { layout } = this.#options
    const { bucket, key } = pending
    const path = layout.place(bucket, key, removed.place)
    if (removed.place.kind === 'plain') {
      const row = view.get(rowKey('o', bucket, key))
      const isTaken = row !== undefined && decodeVersion(key, row).place.kind === 'plain'
      if (isTaken || findFileSafely(path)?.inode !== removed.inode) return
      removeFile(path, layout.bucket(bucket))
      return
    }
    removeFile(path, layout.system())
  }
}
