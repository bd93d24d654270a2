/**
 * Reading a version: take the record, open its place, and serve only if the file there is the record's own (DESIGN §5). If it is
 * not, a writer is about to move it, or somebody changed it by hand.
 */
import fs from 'node:fs'
import { findFileSafely, isSameFile, openFile, readWhole } from '#blobs/files.ts'
import { findFileInside, isInside, openFileInside } from '#blobs/inside.ts'
import { isPlainKey } from '#blobs/layout.ts'
import { decodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { FileSignature, ObjectPart, ObjectVersion } from '#model/object.ts'
import { type Adoption, adoptFile, adoptRemoval, isOurs } from './adoption.ts'
import type { StoreContext } from './context.ts'
import type { Content, OpenObject, Staged } from './contract.ts'
import { decodePending, type Pending } from './pending.ts'
import { asReadError, isForbidden } from './storage-error.ts'
import { areBytesOf, assertCopied, checkOfStretch, damaged } from './verify.ts'

/** A third of them pause, for longer together than rows are kept. */
const attempts = 60

/** The record alone; undefined `versionId`: the current version, or the delete marker on top. */
export async function findRecord(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
): Promise<StoredVersion | undefined> {
  const { engine } = context
  const value = await engine.get(rowKey('o', bucket, key))
  const current = value === undefined ? undefined : decodeVersion(key, value)
  if (current !== undefined && (versionId === undefined || current.versionId === versionId)) return current
  if (versionId === undefined) {
    const [top] = await engine.scan(rowsOf('v', bucket, key), { limit: 1 })
    return top === undefined ? undefined : decodeVersion(key, top.value)
  }
  let order: string | undefined = versionId
  if (versionId === 'null') {
    const pointer = await engine.get(rowKey('n', bucket, key))
    order = pointer === undefined ? undefined : Buffer.from(pointer).toString()
  }
  if (order === undefined || !/^[0-9a-f]{32}$/.test(order)) return undefined
  const other = await engine.get(rowKey('v', bucket, key, order))
  return other === undefined ? undefined : decodeVersion(key, other)
}

interface Probed<T> {
  readonly signature: FileSignature
  readonly value: T
}

interface Probing<T> {
  /** Looks at the path, through no symbolic link below the bucket's folder if that is given; undefined: nothing there. */
  probe(path: string, bucketFolder?: string): Probed<T> | undefined
  /** Lets go of what was found and was not right. */
  release(value: T): void
  /** Whether the file may be where it waits to be moved to its place. */
  readonly mayBeStaged: boolean
}

/** Record and file, once they agree. Undefined if there is no such version; delete markers come without a value. */
async function findVerified<T>(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
  { probe, release, mayBeStaged }: Probing<T>,
): Promise<{ version: StoredVersion; value: T | undefined } | undefined> {
  let suspect: StoredVersion | undefined
  let played: Pending[] | undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    const version = await findRecord(context, bucket, key, versionId)
    if (version === undefined || (version.isDeleteMarker && versionId === undefined)) {
      const adoption = versionId === undefined ? await adoptReadable(context, bucket, key) : 'none'
      if (adoption === 'adopted' || adoption === 'changed') continue
      return version === undefined ? undefined : { version, value: undefined }
    }
    if (version.isDeleteMarker) return { version, value: undefined }
    const path = context.layout.place(bucket, key, version.place)
    const bucketFolder = version.place.kind === 'plain' ? context.layout.bucket(bucket) : undefined
    const probed = probe(path, bucketFolder)
    if (probed !== undefined && isSameFile(probed.signature, version.signature)) return { version, value: probed.value }
    if (probed !== undefined) release(probed.value)
    if (mayBeStaged && played === undefined) {
      const staged = probe(context.layout.staging(version.fileId))
      if (staged !== undefined && isSameFile(staged.signature, version.signature))
        return { version, value: staged.value }
      if (staged !== undefined) release(staged.value)
    }
    const isSame = suspect?.order === version.order && isSameFile(suspect.signature, version.signature)
    suspect = version
    if (!isSame) {
      // Nearly always a newer version has been committed meanwhile; the next turn's reads see it.
      played = undefined
      await nextTurn()
      continue
    }
    if (played === undefined) {
      played = await context.settler.settleKey(bucket, key)
      continue
    }
    // Behind a symbolic link. The record stays: somebody may put the folder back.
    if (bucketFolder !== undefined && !isInside(bucketFolder, path)) return undefined
    const found = { bucket, key, known: version, played }
    const adoption = probed === undefined ? await adoptRemoval(context, found) : await adoptFile(context, found)
    played = undefined
    if (adoption !== 'adopted') await pause()
  }
  throw new ApiError('SlowDown')
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** For what is under way to end: rows are forgotten after a second. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))

/** Adopts a file without a record at the key's own path. */
async function adoptUnknown(context: StoreContext, bucket: string, key: string): Promise<Adoption> {
  const there = isPlainKey(key) ? findFileSafely(context.layout.plain(bucket, key)) : undefined
  if (there === undefined) return 'none'
  // Nearly always a deleted object's file that waits for its removal.
  const rows = await context.engine.scan(rowsOf('q', bucket, key))
  const isDeleted = isOurs(
    there.inode,
    rows.map(({ value }) => decodePending(value)),
    undefined,
  )
  if (isDeleted) return 'ours'
  const played = await context.settler.settleKey(bucket, key)
  return adoptFile(context, { bucket, key, known: undefined, played })
}

/** A file that the server may not read, or not look at, is no object. */
async function adoptReadable(context: StoreContext, bucket: string, key: string): Promise<Adoption> {
  try {
    return await adoptUnknown(context, bucket, key)
  } catch (error) {
    if (!isForbidden(error)) throw error
    const message = 'the server is not permitted to read a file; it is not listed, and not served'
    context.troubles.tellOfFile('warn', error, { bucket, key }, message)
    return 'none'
  }
}

export async function findVersion(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
): Promise<StoredVersion | undefined> {
  try {
    return (await findVerified(context, bucket, key, versionId, looking))?.version
  } catch (error) {
    throw tellForbidden(context, bucket, key, error)
  }
}

/** What the client is told of an error; one that the administrator can mend is logged. */
function tellForbidden(context: StoreContext, bucket: string, key: string, error: unknown): unknown {
  if (isForbidden(error)) {
    context.troubles.tellOfFile('warn', error, { bucket, key }, 'the server is not permitted to read an object')
  }
  return asReadError(error)
}

/** The current version, with its file in its place. */
export async function findPlaced(
  context: StoreContext,
  bucket: string,
  key: string,
): Promise<StoredVersion | undefined> {
  const found = await findVerified(context, bucket, key, undefined, { ...looking, mayBeStaged: false })
  return found?.version
}

const looking: Probing<true> = {
  probe: (path, bucketFolder) => {
    const signature = bucketFolder === undefined ? findFileSafely(path) : findFileInside(bucketFolder, path)
    return signature === undefined ? undefined : { signature, value: true }
  },
  release: () => undefined,
  mayBeStaged: true,
}

export async function headObject(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
): Promise<ObjectVersion> {
  return readable(key, versionId, await findVersion(context, bucket, key, versionId))
}

export async function openObject(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
): Promise<OpenObject> {
  for (let hasFailed = false; ; hasFailed = true) {
    let found: Awaited<ReturnType<typeof findVerified<Opened>>>
    try {
      found = await findVerified(context, bucket, key, versionId, opening)
    } catch (error) {
      throw tellForbidden(context, bucket, key, error)
    }
    const version = readable(key, versionId, found?.version)
    const opened = found?.value
    if (opened === undefined) throw new ApiError('InternalError')
    const { bytes, ctimeMs } = opened
    const isWhole = bytes === undefined || areBytesOf(context, version, bytes, ctimeMs)
    if (isWhole) return new OpenVersion(context, bucket, version, opened)
    // A change by hand that is under way shows at the second look.
    if (hasFailed) throw damaged(context, bucket, version)
    await pause()
  }
}

/** The errors of a read: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html */
function readable(key: string, versionId: string | undefined, version: StoredVersion | undefined): StoredVersion {
  if (version === undefined) {
    if (versionId !== undefined) throw new ApiError('NoSuchVersion', { fields: { Key: key, VersionId: versionId } })
    throw new ApiError('NoSuchKey', { fields: { Key: key } })
  }
  if (!version.isDeleteMarker) return version
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId }
  if (versionId === undefined) throw new ApiError('NoSuchKey', { fields: { Key: key }, headers })
  throw new ApiError('MethodNotAllowed', {
    fields: { Method: 'GET', ResourceType: 'DeleteMarker' },
    headers: { ...headers, Allow: 'DELETE', 'Last-Modified': new Date(version.modifiedAtMs).toUTCString() },
  })
}

/** An open file; small ones are read at once and closed. */
interface Opened {
  readonly bytes: Buffer | undefined
  readonly ctimeMs: number
  readonly fd: number
  close(): void
}

function probeOpen(path: string, bucketFolder?: string): Probed<Opened> | undefined {
  const file = bucketFolder === undefined ? openFile(path) : openFileInside(bucketFolder, path)
  if (file === undefined) return undefined
  const { fd, signature, ctimeMs } = file
  if (signature.sizeBytes <= limits.inlineBytes) {
    try {
      const bytes = readWhole(fd, signature.sizeBytes)
      return { signature, value: { bytes, ctimeMs, fd: -1, close: () => undefined } }
    } finally {
      fs.closeSync(fd)
    }
  }
  let isOpen = true
  const close = () => {
    if (isOpen) fs.close(fd)
    isOpen = false
  }
  return { signature, value: { bytes: undefined, ctimeMs, fd, close } }
}

const opening: Probing<Opened> = { probe: probeOpen, release: (opened) => opened.close(), mayBeStaged: true }

class OpenVersion implements OpenObject {
  readonly version: StoredVersion
  readonly #context: StoreContext
  readonly #bucket: string
  readonly #opened: Opened

  constructor(context: StoreContext, bucket: string, version: StoredVersion, opened: Opened) {
    this.version = version
    this.#context = context
    this.#bucket = bucket
    this.#opened = opened
  }

  content(start: number, end: number): Content {
    const { bytes, fd, ctimeMs } = this.#opened
    if (bytes !== undefined) return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
    const check = checkOfStretch(this.#context, this.#bucket, this.version, { fd, start, end, ctimeMs })
    return { fd, start, end, check, close: () => this.#opened.close() }
  }

  assertCopied(digests: Staged['digests']): void {
    assertCopied(this.#context, this.#bucket, this.version, digests)
  }

  close(): void {
    this.#opened.close()
  }
}

export async function listObjectParts(
  context: StoreContext,
  version: ObjectVersion,
  after: number,
  limit: number,
): Promise<ObjectPart[]> {
  if (version.partCount === 0) return []
  const value = await context.engine.get(rowKey('m', (version as StoredVersion).fileId))
  if (value === undefined) return []
  return decodeJson<ObjectPart[]>(value)
    .filter((part) => part.partNumber > after)
    .slice(0, limit)
}
