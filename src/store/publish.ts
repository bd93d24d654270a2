/** Making a version current: the one transaction behind PutObject, CopyObject, CompleteMultipartUpload, RenameObject and adoption. */
import { isPlainKey } from '#blobs/layout.ts'
import type { Bytes, KeyRange } from '#metadata/engine.ts'
import { rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { crc64nvmeOf, decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket.ts'
import type { Checksum, FileSignature, ObjectAttributes, ObjectVersion } from '#model/object.ts'
import { assertArrived, transactSettled } from './arriving.ts'
import { bucketIn } from './buckets.ts'
import { checkWriteConditions } from './conditions.ts'
import type { StoreContext } from './context.ts'
import type { PutObject, WriteConditions } from './contract.ts'
import { newOrder } from './order.ts'
import { newerRows, type Pending, pendingKey, putPending, type RemovedFile, removedFile } from './pending.ts'
import { assertReplaceable } from './replaceable.ts'
import { discardStaged, type StagedFile } from './staging.ts'
import { asStorageError } from './storage-error.ts'

export interface NewVersion {
  readonly key: string
  readonly sizeBytes: number
  readonly etag: string
  readonly partCount: number
  readonly checksum: Checksum | undefined
  readonly attributes: ObjectAttributes
  readonly fileId: string
  readonly signature: FileSignature
  /** Base64, of all bytes; undefined only for a renamed version of an older release. */
  readonly crc64nvme: string | undefined
  /** As in the record. */
  readonly isArriving?: true
}

/** What else changes with the publication of a version. */
export interface Change {
  readonly moved: string[]
  readonly removed: RemovedFile[]
  /** Of plain files whose place the new version takes. */
  readonly replacedInodes: number[]
  /** A plain file leaves its place. */
  vacatesPlain: boolean
  objectCount: number
  sizeBytes: number
}

export const noChange = (): Change => ({
  moved: [],
  removed: [],
  replacedInodes: [],
  vacatesPlain: false,
  objectCount: 0,
  sizeBytes: 0,
})

export async function putObject(context: StoreContext, put: PutObject): Promise<ObjectVersion> {
  const staged = put.staged as StagedFile
  const fresh: NewVersion = {
    key: put.key,
    sizeBytes: staged.sizeBytes,
    etag: staged.digests.get('MD5')?.toString('hex') ?? '',
    partCount: 0,
    checksum: put.checksum,
    attributes: put.attributes,
    fileId: staged.fileId,
    signature: staged.signature,
    crc64nvme: staged.digests.get('CRC64NVME')?.toString('base64'),
  }
  const options = { conditions: put.conditions, bytes: staged.bytes, discard: () => discardStaged(context, staged) }
  return publish(context, put.bucket.name, fresh, options)
}

interface PublishOptions {
  readonly conditions: WriteConditions
  readonly bytes?: Buffer | undefined
  readonly uploadId?: string
  /** Called if nothing was committed: once it is, the file belongs to the version. */
  readonly discard?: () => void
  /** Further reads, checks and writes of the same commit. */
  readonly also?: (transaction: Transaction, version: StoredVersion) => Promise<void>
}

export async function publish(
  context: StoreContext,
  bucketName: string,
  fresh: NewVersion,
  options: PublishOptions,
): Promise<StoredVersion> {
  let row: Bytes | undefined
  const { result, committed } = await transactSettled(context, async (transaction) => {
    const bucket = await bucketIn(transaction, bucketName)
    const change = noChange()
    const version = await makeCurrent(transaction, bucket, fresh, options.conditions, change)
    assertReplaceable(context, bucketName, version, change)
    const pending: Pending = {
      bucket: bucketName,
      key: fresh.key,
      order: version.order,
      moved: [...change.moved, version.order],
      removed: change.removed,
      fileId: fresh.fileId,
      inodes: [fresh.signature.inode, ...change.replacedInodes],
      bytes: options.bytes,
      uploadId: options.uploadId,
    }
    row = pendingKey(pending)
    putPending(transaction, pending)
    await options.also?.(transaction, version)
    countUsage(transaction, bucketName, change)
    return { version, pending, isVersioned: bucket.versioning !== 'Unversioned' }
  }).catch(async (error: unknown) => {
    // A commit whose flush failed can be seen all the same: its file is needed.
    if (row === undefined || (await context.engine.get(row)) === undefined) options.discard?.()
    throw asStorageError(error)
  })
  const { version, pending, isVersioned } = result
  const place = isVersioned ? undefined : version.place
  const isSettled = committed.flushed.then(() => context.settler.settle(pending, { place }))
  if (context.durability === 'relaxed') await context.settler.lag(pending, isSettled)
  else await isSettled
  return version
}

/** Writes the rows that put `fresh` on top of its key. */
export async function makeCurrent(
  transaction: Transaction,
  bucket: Bucket,
  fresh: NewVersion,
  conditions: WriteConditions,
  change: Change,
): Promise<StoredVersion> {
  const { key } = fresh
  const row = rowKey('o', bucket.name, key)
  const value = await transaction.get(row)
  const current = value === undefined ? undefined : decodeVersion(key, value)
  checkWriteConditions(conditions, key, current)
  if (current !== undefined) assertArrived(bucket.name, current)
  const order = await orderAfter(transaction, bucket, key, current)
  const isVersioned = bucket.versioning === 'Enabled'
  if (bucket.versioning !== 'Unversioned') transaction.requireEmpty(newerThan(bucket.name, key, order))
  if (current !== undefined) {
    if (isVersioned || current.versionId !== 'null') demote(transaction, bucket.name, current, change)
    else replace(transaction, current, change)
  }
  if (bucket.versioning === 'Suspended' && current?.versionId !== 'null') {
    await dropNullVersion(transaction, bucket.name, key, change)
  }
  const version = versionOf(fresh, order, isVersioned ? order : 'null')
  // The new file takes the old one's place: nothing is left to remove.
  if (version.place.kind === 'plain') dropReplacedPlain(change)
  transaction.put(row, encodeVersion(version))
  change.objectCount++
  change.sizeBytes += version.sizeBytes
  return version
}

/** Field by field: to spread the attributes took a tenth of the time of a small write. */
function versionOf(fresh: NewVersion, order: string, versionId: string): StoredVersion {
  const { key, sizeBytes, etag, partCount, fileId, signature, checksum, crc64nvme, attributes } = fresh
  const { headers, userMetadata, storageClass, ownerId, websiteRedirectLocation, acl, tags } = attributes
  const version: { -readonly [Field in keyof StoredVersion]: StoredVersion[Field] } = {
    key,
    versionId,
    order,
    fileId,
    isDeleteMarker: false,
    sizeBytes,
    etag,
    modifiedAtMs: Date.now(),
    partCount,
    place: isPlainKey(key) ? { kind: 'plain' } : { kind: 'opaque', id: fileId },
    signature,
    headers,
    userMetadata,
    storageClass,
    ownerId,
  }
  if (checksum !== undefined) version.checksum = checksum
  if (crc64nvme !== undefined && crc64nvmeOf(version) === undefined) version.crc64nvme = crc64nvme
  if (websiteRedirectLocation !== undefined) version.websiteRedirectLocation = websiteRedirectLocation
  if (acl !== undefined) version.acl = acl
  if (tags !== undefined) version.tags = tags
  if (fresh.isArriving !== undefined) version.isArriving = true
  return version
}

function dropReplacedPlain(change: Change): void {
  const index = change.removed.findIndex(({ place }) => place.kind === 'plain')
  if (index === -1) return
  change.replacedInodes.push(...change.removed.splice(index, 1).map(({ inode }) => inode))
}

/**
 * An order after the current version's, or after every row of a key without one: another process, whose clock is ahead,
 * may have deleted or renamed its object a moment ago, and files move in the order of the rows.
 */
async function orderAfter(
  transaction: Transaction,
  bucket: Bucket,
  key: string,
  current: StoredVersion | undefined,
): Promise<string> {
  if (current !== undefined) return newOrder(current.order)
  const known = [await newestOrder(transaction, bucket, key)]
  // Nearly always the clock is enough, and the commit proves it.
  if (transaction.isRepeated) known.push(await newestRow(transaction, bucket.name, key))
  const order = newOrder(known.filter((one) => one !== undefined).sort()[0])
  transaction.requireEmpty(newerRows({ bucket: bucket.name, key, order }))
  return order
}

async function newestRow(transaction: Transaction, bucket: string, key: string): Promise<string | undefined> {
  const [newest] = await transaction.scan(rowsOf('q', bucket, key), { limit: 1 })
  return newest === undefined ? undefined : rowParts(newest.key)[2]
}

/** Order of the newest version row, in a bucket that may have any. */
export async function newestOrder(transaction: Transaction, bucket: Bucket, key: string): Promise<string | undefined> {
  if (bucket.versioning === 'Unversioned') return undefined
  const [newest] = await transaction.scan(rowsOf('v', bucket.name, key), { limit: 1 })
  return newest === undefined ? undefined : decodeVersion(key, newest.value).order
}

export function newerThan(bucket: string, key: string, order: string): KeyRange {
  return { start: rowsOf('v', bucket, key).start, end: rowKey('v', bucket, key, order) }
}

/** The current version becomes a version row; a plain file makes room for the next. */
export function demote(transaction: Transaction, bucket: string, current: StoredVersion, change: Change): void {
  const place = current.place.kind === 'plain' ? ({ kind: 'version', id: current.fileId } as const) : current.place
  transaction.put(rowKey('v', bucket, current.key, current.order), encodeVersion({ ...current, place }))
  if (current.versionId === 'null') transaction.put(rowKey('n', bucket, current.key), Buffer.from(current.order))
  if (place === current.place) return
  change.moved.push(current.order)
  change.vacatesPlain = true
}

/** A version that ceases to exist: its rows besides its own, its file, its share of the usage. */
export function replace(transaction: Transaction, version: StoredVersion, change: Change): void {
  if (version.partCount > 0) transaction.remove(rowKey('m', version.fileId))
  if (version.isDeleteMarker) return
  change.removed.push(removedFile(version))
  if (version.place.kind === 'plain') change.vacatesPlain = true
  change.objectCount--
  change.sizeBytes -= version.sizeBytes
}

/** Removes the null version if it is a version row. */
export async function dropNullVersion(
  transaction: Transaction,
  bucket: string,
  key: string,
  change: Change,
): Promise<void> {
  const pointer = rowKey('n', bucket, key)
  const order = await transaction.get(pointer)
  if (order === undefined) return
  const row = rowKey('v', bucket, key, Buffer.from(order).toString())
  const value = await transaction.get(row)
  transaction.remove(pointer)
  transaction.remove(row)
  if (value !== undefined) replace(transaction, decodeVersion(key, value), change)
}

export function countUsage(transaction: Transaction, bucket: string, change: Change): void {
  if (change.objectCount === 0 && change.sizeBytes === 0) return
  transaction.add(rowKey('c', bucket), { objectCount: change.objectCount, sizeBytes: change.sizeBytes })
}
