/**
 * Finds files that were changed by hand while the watcher was not running: walks the bucket folders and compares files
 * with the index. A folder whose mtime has not changed since its last scan is not read again, only its subfolders.
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

/** Several files at a time: those that are adopted share a flush. */
export const checksAtOnce = { atOnceMax: 8, touches: () => [] } as const

interface ScannedFolder {
  readonly mtimeMs: number
  readonly folders: readonly string[]
}

export interface ScanOptions {
  readonly signal: AbortSignal
  /** Called for every folder of a bucket, with the prefix of its keys. */
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

/** Logs the error of one folder; the scan goes on with the others. */
function tellOfFolder(context: FilesContext, bucket: string, prefix: string, error: unknown): void {
  const message = 'a folder could not be searched for files changed by hand'
  context.troubles.tellOfFolder('warn', error, { bucket, key: prefix }, message)
}

export async function scanBucket(context: FilesContext, bucket: string, options: ScanOptions): Promise<void> {
  const isKnown = async () => (await context.engine.get(rowKey('b', bucket))) !== undefined
  // Checked again: a request may have adopted the bucket meanwhile.
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

/** Checks every file of a folder, and every key of the index that should have a file there. Returns the subfolders. */
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
  await mapConcurrently(directory, checksAtOnce, async (entry) => {
    if (signal.aborted) return
    if (entry.isDirectory()) {
      if (hasUsableName(context, bucket, prefix + entry.name)) folders.push(entry.name)
    } else if (entry.isFile()) {
      seen.add(entry.name)
      await checkKey(context, bucket, prefix + entry.name)
    }
  })
  if (signal.aborted) return folders
  await lookAtKnown(context, bucket, prefix, { delimiter: '/', signal }, (key) => !seen.has(key.slice(prefix.length)))
  return folders
}

/**
 * Checks the keys of the index below a folder that is gone: a watcher reports a moved folder, but not the files in it.
 */
export function checkKeysBelow(
  context: FilesContext,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
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
    await mapConcurrently(keys, checksAtOnce, async (key) => {
      if (!signal.aborted && isDue(key)) await checkKey(context, bucket, key)
    })
    if (signal.aborted) return
  }
}

/**
 * Compares a key's file with its record; reading the record adopts a difference. `there`: the key's plain file, if it
 * was examined just now. False if that file has no record afterwards: it belongs to a deleted object, or cannot be told
 * from one until the rows of a write are forgotten.
 */
export async function checkKey(
  context: FilesContext,
  bucket: string,
  key: string,
  there?: FileSignature,
): Promise<boolean> {
  let hasRecord = true
  if (!hasUsableName(context, bucket, key)) return hasRecord
  try {
    // A quick check first: a full read takes three times as long, and the server's own writes come here as well.
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
/**
 * The longest time that requests wait for checks. A turn of the event loop after each check would cost more than the
 * check.
 */
const sliceMs = 2
let sliceEndMs = 0
