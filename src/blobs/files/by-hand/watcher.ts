/**
 * Watches the bucket folders while the server runs, so that files added or removed by hand appear in listings within
 * two seconds. There is one watch for each folder. Changes are collected in a set and checked together, so that the
 * server's own writes cost little.
 */

import type { FilesContext } from '#blobs/files/context.ts'
import { lstatSafely, signatureOf } from '#blobs/files/io/file-operations.ts'
import { type FolderWatches, openFolderWatches } from '#lib/files/folder-watches.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { checkKey, checkKeysBelow, type ScanOptions, scanBucket, scanBuckets, scanFolder } from './scan.ts'

const gatherMs = 700
const lookAgainMs = 2500
/** An entry of the changes that stands for all buckets: no bucket has this name. */
const everything = '\0'

export class Watcher {
  readonly #context: FilesContext
  readonly #scan: ScanOptions
  #watches: FolderWatches | undefined
  #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  readonly #lookedAgain = new Set<string>()
  #isClosed = false
  #hasWarned = false

  constructor(context: FilesContext, signal: AbortSignal) {
    this.#context = context
    this.#scan = { signal, onFolder: (bucket, prefix) => this.watchFolder(bucket, prefix) }
  }

  start(): void {
    if (this.#isClosed) return
    this.#watches = openFolderWatches(() => this.#note(everything))
    this.#watch(this.#context.layout.root, (name) => {
      if (isBucketName(name)) this.#note(`${name}\0`)
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#watches?.close()
  }

  watchFolder(bucket: string, prefix: string): void {
    const { layout } = this.#context
    const path = prefix === '' ? layout.bucket(bucket) : layout.plain(bucket, prefix.slice(0, -1))
    this.#watch(path, (name) => this.#note(`${bucket}\0${prefix}${name}`))
  }

  #watch(path: string, onChange: (name: string) => void): void {
    if (this.#isClosed || this.#watches === undefined || this.#watches.has(path)) return
    try {
      this.#watches.add(path, onChange)
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR') || this.#hasWarned) return
      this.#hasWarned = true
      this.#context.log.warn(
        { err: error },
        'not every folder can be watched; changes by hand there show when they are read',
      )
    }
  }

  #note(change: string): void {
    this.#changed.add(change)
    this.#timer ??= setTimeout(() => void this.#lookAtChanges(), gatherMs).unref()
  }

  async #lookAtChanges(): Promise<void> {
    const changed = this.#changed
    this.#changed = new Set()
    for (const change of changed) {
      if (this.#isClosed) return
      const [bucket = '', key = ''] = change.split('\0')
      if (change === everything) await scanBuckets(this.#context, this.#scan).catch(() => undefined)
      else if (key === '') await scanBucket(this.#context, bucket, this.#scan).catch(() => undefined)
      else await this.#lookAt(bucket, key).catch((error: unknown) => this.#warn(error, { bucket, key }))
    }
    this.#timer = undefined
    if (this.#changed.size > 0 && !this.#isClosed) this.#note([...this.#changed][0] ?? '')
  }

  /** Checks the key once more when the rows of its writes have been forgotten. */
  #lookAgain(change: string): void {
    if (this.#lookedAgain.delete(change)) return
    this.#lookedAgain.add(change)
    setTimeout(() => this.#note(change), lookAgainMs).unref()
  }

  #warn(error: unknown, fields: { bucket: string; key: string }): void {
    this.#context.troubles.tellOfFile('warn', error, fields, 'a file changed by hand could not be looked at')
  }

  async #lookAt(bucket: string, key: string): Promise<void> {
    const path = this.#context.layout.plain(bucket, key)
    const stats = lstatSafely(path)
    if (stats?.isDirectory() !== true) {
      this.#watches?.remove(path)
      const there = stats?.isFile() === true ? signatureOf(stats) : undefined
      if (!(await checkKey(this.#context, bucket, key, there))) this.#lookAgain(`${bucket}\0${key}`)
      if (stats === undefined) await checkKeysBelow(this.#context, bucket, `${key}/`, this.#scan.signal)
      return
    }
    await scanFolder(this.#context, bucket, `${key}/`, this.#scan).catch(() => undefined)
  }
}
