/**
 * Finds what changed by hand while nobody looked: walks the bucket folders and compares files with the index. A folder whose mtime is
 * that of its last scan is not read again, only its subfolders.
 */
import fs from 'node:fs/promises'
import type { FilesContext } from '#blobs/files/context.ts'
import type { FileSignature } from '#blobs/files/place/file-ref.ts'
import { isInside } from '#blobs/files/place/inside.ts'
import { hasUsableName } from '#blobs/files/place/unusable-name.ts'
import { mapConcurrently } from '#lib/async/map-concurrently.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { isRecordOf } from './known-file.ts'
import { knownKeys } from './known-keys.ts'

/** Files that are adopted together share a flush; each of them may be read meanwhile. */
export const looksAtOnce = { atOnceMax: 8, touches: () => [] } as const

interface ScannedFolder {
  readonly mtimeMs: number
  readonly folders: readonly string[]
}

export interface ScanOptions {
  readonly signal: AbortSignal
  /** Called for every folder of a bucket, with the keys' prefix that it stands for. */
  readonly onFolder?: (bucket: string, prefix: string) => void
}

export async function scanBuckets(context: FilesContext, options: ScanOptions): Promise<void> {
  for (const entry of await fs.readdir(context.layout.root, { withFileTypes: true })) {
    if (options.signal.aborted) return
    if (!entry.isDirectory() || !isBucketName(entry.name)) continue
    await scanBucket(context, entry.name, options).catch((error: unknown) =>
      tellOfFolder(context, entry.name, '', error),
    )
  }
}

/** One folder's trouble keeps no other from being looked at. */
function tellOfFolder(context: FilesContext, bucket: string, prefix: string, error: unknown): void {
  const message = 'a folder could not be searched for files changed by hand'
  context.troubles.tellOfFolder('warn', error, { bucket, key: prefix }, message)
}

export async function scanBucket(context: FilesContext, bucket: string, options: ScanOptions): Promise<void> {
  const isKnown = async () => (await context.engine.get(rowKey('b', bucket))) !== undefined
  // Asked again, since a request may have adopted the bucket meanwhile.
  if (!(await isKnown()) && !(await context.owner.onForeignBucket(bucket)) && !(await isKnown())) return
  await scanFolder(context, bucket, '', options)
}

export async function scanFolder(
  context: FilesContext,
  bucket: string,
  prefix: string,
  options: ScanOptions,
): Promise<void> {
  if (options.signal.aborted) return
  const path = prefix === '' ? context.layout.bucket(bucket) : context.layout.plain(bucket, prefix.slice(0, -1))
  const stats = await fs.lstat(path).catch(() => undefined)
  if (stats?.isDirectory() !== true || !isInside(context.layout.bucket(bucket), path)) return
  options.onFolder?.(bucket, prefix)
  const row = rowKey('f', bucket, prefix)
  const value = await context.engine.get(row)
  const before = value === undefined ? undefined : decodeJson<ScannedFolder>(value)
  let folders = before?.folders ?? []
  if (before?.mtimeMs !== stats.mtimeMs) {
    folders = await scanFiles(context, bucket, prefix, path, options.signal)
    if (options.signal.aborted) return
    const scanned: ScannedFolder = { mtimeMs: stats.mtimeMs, folders }
    await context.engine.commit({ checks: [], writes: [{ key: row, value: encodeJson(scanned) }] })
  }
  for (const folder of folders) {
    const below = `${prefix}${folder}/`
    await scanFolder(context, bucket, below, options).catch((error: unknown) =>
      tellOfFolder(context, bucket, below, error),
    )
  }
}

/** Looks at every file of a folder, and at every key of the index that should be one. Returns the subfolders. */
async function scanFiles(
  context: FilesContext,
  bucket: string,
  prefix: string,
  path: string,
  signal: AbortSignal,
): Promise<string[]> {
  const folders: string[] = []
  const seen = new Set<string>()
  const directory = await fs.opendir(path)
  await mapConcurrently(directory, looksAtOnce, async (entry) => {
    if (signal.aborted) return
    if (entry.isDirectory()) {
      if (hasUsableName(context, bucket, prefix + entry.name)) folders.push(entry.name)
    } else if (entry.isFile()) {
      seen.add(entry.name)
      await look(context, bucket, prefix + entry.name)
    }
  })
  if (signal.aborted) return folders
  await lookAtKnown(context, bucket, prefix, { delimiter: '/', signal }, (key) => !seen.has(key.slice(prefix.length)))
  return folders
}

/** Looks at what the index has below a folder that is gone: of what was in it, when it was moved away, nothing is told. */
export function lookBelow(context: FilesContext, bucket: string, prefix: string, signal: AbortSignal): Promise<void> {
  return lookAtKnown(context, bucket, prefix, { delimiter: '', signal }, () => true)
}

async function lookAtKnown(
  context: FilesContext,
  bucket: string,
  prefix: string,
  { delimiter, signal }: { readonly delimiter: '' | '/'; readonly signal: AbortSignal },
  isDue: (key: string) => boolean,
): Promise<void> {
  for await (const keys of knownKeys(context.engine, bucket, prefix, delimiter)) {
    await mapConcurrently(keys, looksAtOnce, async (key) => {
      if (!signal.aborted && isDue(key)) await look(context, bucket, key)
    })
    if (signal.aborted) return
  }
}

/**
 * Reading the record adopts whatever is different. `there`: the file in the key's place, if it was looked at a moment ago. False if that
 * file has no record afterwards: it is a deleted object's, or may be taken for one until the rows of a write are forgotten.
 */
export async function look(
  context: FilesContext,
  bucket: string,
  key: string,
  there?: FileSignature,
): Promise<boolean> {
  let hasRecord = true
  if (!hasUsableName(context, bucket, key)) return hasRecord
  try {
    // Nearly always so, and then the whole reading takes three times as long: every write of our own is looked at as well.
    const record = there === undefined ? undefined : await context.engine.get(rowKey('o', bucket, key))
    const isKnown = record !== undefined && there !== undefined && isRecordOf(record, there)
    if (!isKnown) {
      const version = await context.owner.look(bucket, key)
      hasRecord = there === undefined || version?.isDeleteMarker === false
    }
  } catch (error) {
    const isTold = error instanceof ApiError && error.code === 'AccessDenied'
    if (!isTold) context.troubles.tellOfFile('warn', error, { bucket, key }, 'a file could not be adopted')
  }
  if (performance.now() < sliceEndMs) return hasRecord
  await new Promise((resolve) => setImmediate(resolve))
  sliceEndMs = performance.now() + sliceMs
  return hasRecord
}
/** How long requests wait for looks at the most; a turn of the event loop for each look would cost more than the look. */
const sliceMs = 2
let sliceEndMs = 0
