/** Compares the files below STORAGE_ROOT with the records. */
import { type Dirent, existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import type { Finding, Inspection, Leftover, LockRecord, Pace, Unknown, Verdict } from '#blobs/contract/inspection.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { readLockRecords } from '#blobs/files/locks/lock-records.ts'
import { isLink } from '#blobs/files/place/inside.ts'
import { systemFolder } from '#blobs/files/place/layout.ts'
import { hasUsableName } from '#blobs/files/place/unusable-name.ts'
import { hasCode } from '#lib/system/error-code.ts'
import type { Bytes } from '#metadata/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { checkUploads } from './check-uploads.ts'
import { compareVersion } from './compare-version.ts'
import { findLeftovers } from './leftovers.ts'
import { LostAndFound } from './lost-and-found.ts'

export class FileInspection implements Inspection {
  readonly #context: FilesContext
  readonly #lostAndFound: LostAndFound

  constructor(context: FilesContext) {
    this.#context = context
    this.#lostAndFound = new LostAndFound(context.layout, context.clock.nowMs())
  }

  compare(
    bucket: string,
    version: StoredVersion,
    options: { readonly pace?: Pace | undefined; readonly mayWrite: boolean },
  ): Promise<Verdict> {
    return compareVersion(this.#context, bucket, version, options)
  }

  async *leftovers(): AsyncGenerator<Leftover> {
    for await (const left of findLeftovers(this.#context)) {
      const stats = await lstat(left.path).catch(() => undefined)
      yield { ...left, sizeBytes: stats?.isFile() ? stats.size : undefined }
    }
  }

  parts({ repair }: { readonly repair: boolean }): AsyncIterable<Finding> {
    return checkUploads(this.#context, repair ? this.#lostAndFound : undefined)
  }

  setAside({ path }: Leftover): Promise<string | undefined> {
    return this.#lostAndFound.take(path).catch(() => undefined)
  }

  keepRow(row: object): Promise<string> {
    return this.#lostAndFound.keepRow(row)
  }

  /** Plain files that have no record. */
  unknownIn(bucket: string): AsyncIterable<Unknown> {
    return this.#unknownBelow(bucket, '')
  }

  async *#unknownBelow(bucket: string, prefix: string): AsyncGenerator<Unknown> {
    const { layout, engine } = this.#context
    const path = prefix === '' ? layout.bucket(bucket) : layout.plain(bucket, prefix.slice(0, -1))
    if (isLink(path)) return
    let entries: Dirent[] = []
    try {
      entries = await readdir(path, { withFileTypes: true })
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return
      yield { key: prefix, error }
    }
    for (const entry of entries) {
      const key = prefix + entry.name
      // Such names are reported in the log; they are no error of the index.
      if (!hasUsableName(this.#context, bucket, key)) continue
      if (entry.isDirectory()) yield* this.#unknownBelow(bucket, `${key}/`)
      else if (entry.isFile() && !isRecorded(key, await engine.get(rowKey('o', bucket, key)))) yield { key }
    }
  }

  lockRecords(): AsyncIterable<LockRecord> {
    return readLockRecords(this.#context.layout)
  }

  async unknownBuckets(known: ReadonlySet<string>): Promise<string[]> {
    const entries = await readdir(this.#context.layout.root, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && entry.name !== systemFolder && !known.has(entry.name))
      .map(({ name }) => name)
      .filter(isBucketName)
  }

  hasBucket(bucket: string): boolean {
    return existsSync(this.#context.layout.bucket(bucket))
  }
}

/** Whether the current version may have a file at its key's own path. */
const isRecorded = (key: string, row: Bytes | undefined): boolean =>
  row !== undefined && decodeVersion(key, row).blob.aside === undefined
