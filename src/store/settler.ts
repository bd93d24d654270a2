/**
 * Plays the log of files out (DESIGN §5, steps 4 to 6): moves files to where the records say, under the index's write lock, so that
 * writers of one key in any process take turns; then forgets the rows once what they protect is on disk.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { promisify } from 'node:util'
import { findFileSafely, hasCode, moveFile, pruneFolders, removeFile, writeSmallFile } from '#blobs/files.ts'
import type { Layout } from '#blobs/layout.ts'
import type { Exclusive, MetadataEngine } from '#metadata/engine.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Durability, StoreLog } from './context.ts'
import { decodePending, type Pending, pendingKey, type RemovedFile } from './pending.ts'

const forgetAfterMs = 1000
const pendingBytesMax = 64 * 1024 * 1024

interface SettlerOptions {
  readonly engine: MetadataEngine
  readonly layout: Layout
  readonly durability: Durability
  readonly log: StoreLog
}

interface Located {
  readonly row: Buffer
  readonly version: StoredVersion
}

export class Settler {
  readonly #options: SettlerOptions
  #settled: Pending[] = []
  #settledBytes = 0
  #timer: NodeJS.Timeout | undefined
  #forgetting: Promise<void> | undefined
  /** Folders seen to be inside their bucket, and when. */
  readonly #safeFolders = new Map<string, number>()

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  /** Moves the files of a committed write. Resolves when they are in their places, or somebody later has overtaken it. */
  async settle(pending: Pending): Promise<void> {
    await this.#options.engine.exclusively((view) => this.#play(view, pending, false))
    this.#settled.push(pending)
    this.#settledBytes += pending.bytes?.byteLength ?? 0
    if (this.#settledBytes > pendingBytesMax) await this.forget()
    else this.#timer ??= setTimeout(() => void this.forget(), forgetAfterMs).unref()
  }

  /** Settles what other writers of this key have committed and not moved yet. False if there was nothing. */
  async settleKey(bucket: string, key: string): Promise<boolean> {
    const rows = await this.#options.engine.scan(rowsOf('q', bucket, key))
    // Oldest first: an order sorts newest first.
    for (const { value } of rows.reverse()) {
      await this.#options.engine.exclusively((view) => this.#play(view, decodePending(value), false))
    }
    return rows.length > 0
  }

  /** After an unclean end: plays out every row, and checks small files against the bytes in the log. */
  async recover(): Promise<number> {
    const range = rowsOf('q')
    let count = 0
    for (let start = range.start; ; ) {
      const rows = await this.#options.engine.scan({ start, end: range.end }, { limit: 200 })
      const last = rows.at(-1)
      if (last === undefined) break
      // Rows of one key are adjacent and newest first; playing them in reverse keeps the order of the writes.
      for (const { value } of rows.reverse()) {
        const pending = decodePending(value)
        await this.#options.engine.exclusively((view) => this.#play(view, pending, true))
        this.#settled.push(pending)
        count++
      }
      start = Buffer.concat([last.key, Buffer.from([0])])
    }
    if (count > 0) await this.forget()
    return count
  }

  /** Makes everything settled so far durable in its place and clears its rows. */
  async forget(): Promise<void> {
    while (this.#forgetting !== undefined) await this.#forgetting
    this.#forgetting = this.#forgetSettled().finally(() => {
      this.#forgetting = undefined
    })
    await this.#forgetting
  }

  async close(): Promise<void> {
    await this.forget()
    clearTimeout(this.#timer)
  }

  async #forgetSettled(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const settled = this.#settled
    if (settled.length === 0) return
    this.#settled = []
    this.#settledBytes = 0
    try {
      if (this.#options.durability !== 'none') await this.#syncVolume(settled)
      for (let from = 0; from < settled.length; from += 500) {
        const writes = settled
          .slice(from, from + 500)
          .map((pending) => ({ key: pendingKey(pending), value: undefined }))
        await this.#options.engine.commit({ checks: [], writes })
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'files could not be synced; their log rows are kept')
      this.#settled.push(...settled)
      this.#timer ??= setTimeout(() => void this.forget(), 10 * forgetAfterMs).unref()
    }
  }

  async #syncVolume(settled: readonly Pending[]): Promise<void> {
    const { layout } = this.#options
    if (process.platform === 'linux') {
      try {
        await promisify(execFile)('sync', ['-f', layout.root])
        return
      } catch (error) {
        if (!hasCode(error, 'ENOENT', 'EACCES')) throw error
      }
    }
    const folders = new Set<string>()
    for (const { bucket, key } of settled) {
      const path = layout.plain(bucket, key)
      await syncPath(path)
      folders.add(path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))))
    }
    for (const folder of folders) await syncPath(folder)
  }

  #play(view: Exclusive, pending: Pending, recovering: boolean): void {
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
        if (!this.#isInside(pending.bucket, target)) throw Object.assign(new Error('outside'), { code: 'ELOOP' })
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

  /** Whether the folder of `path` really is in the bucket: a symbolic link to elsewhere is never followed. */
  #isInside(bucket: string, path: string): boolean {
    const root = this.#options.layout.bucket(bucket)
    const folder = path.slice(0, path.lastIndexOf(process.platform === 'win32' ? '\\' : '/'))
    if (folder === root) return true
    const now = Date.now()
    if ((this.#safeFolders.get(folder) ?? 0) > now) return true
    if (this.#safeFolders.size > 1000) this.#safeFolders.clear()
    let existing = folder
    while (existing.length > root.length && !fs.existsSync(existing)) {
      existing = existing.slice(0, Math.max(existing.lastIndexOf('/'), existing.lastIndexOf('\\')))
    }
    const real = fs.realpathSync(existing)
    const realRoot = fs.realpathSync(root)
    if (real !== realRoot && !real.startsWith(`${realRoot}/`) && !real.startsWith(`${realRoot}\\`)) return false
    this.#safeFolders.set(folder, now + 1000)
    return true
  }
}

/** The version of a key with this order, current or not, and its row. */
export function locate(view: Pick<Exclusive, 'get'>, bucket: string, key: string, order: string): Located | undefined {
  const current = rowKey('o', bucket, key)
  const currentValue = view.get(current)
  if (currentValue !== undefined) {
    const version = decodeVersion(key, currentValue)
    if (version.order === order) return { row: current, version }
  }
  const other = rowKey('v', bucket, key, order)
  const otherValue = view.get(other)
  return otherValue === undefined ? undefined : { row: other, version: decodeVersion(key, otherValue) }
}

export async function syncPath(path: string): Promise<void> {
  try {
    const handle = await fs.promises.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM', 'EINVAL')) throw error
  }
}
