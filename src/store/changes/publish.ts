/** Makes a version current, for PutObject, CopyObject, CompleteMultipartUpload, RenameObject and adoption. */
import type { BlobStore } from '#blobs/contract/blob-store.ts'
import type { StagedBlob } from '#blobs/contract/incoming.ts'
import { type AsideReason, type BlobRef, noBlob } from '#metadata/blob-ref.ts'
import type { KeyRange } from '#metadata/engine.ts'
import { newOrder } from '#metadata/order.ts'
import { rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { crc64nvmeOf, decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { lockOfNewVersion } from '#model/bucket/object-lock.ts'
import { ApiError } from '#model/errors.ts'
import { type AnnotationSet, usedBytes } from '#model/object/annotation-set.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import { bucketOf, type Imported } from '#model/object/imported.ts'
import type { ObjectLock } from '#model/object/lock/lock.ts'
import type { Checksum, ObjectAttributes, ObjectVersion } from '#model/object/object.ts'
import type { ChangeCause } from '#model/object/object-event.ts'
import type { Origin } from '#model/origin.ts'
import { endSet } from '#store/annotations/annotation-rows.ts'
import { discardAnnotations } from '#store/annotations/copy-annotations.ts'
import type { StoreContext } from '#store/context.ts'
import type { PutObject, WriteConditions } from '#store/contract.ts'
import { etagOf } from '#store/etag.ts'
import { passTime } from '#store/store-time.ts'
import { asideReason } from './aside.ts'
import { type Change, commitChange, noChange } from './commit-change.ts'
import { checkWriteConditions } from './conditions.ts'

export interface NewVersion {
  readonly key: string
  readonly sizeBytes: number
  readonly etag: string
  readonly partCount: number
  readonly checksum: Checksum | undefined
  readonly attributes: ObjectAttributes
  /** The blob's ref for a current version of this key. `aside`: why it must be kept aside. */
  blobOf(aside: AsideReason | undefined): BlobRef
  /** Base64, of all bytes; undefined only for a renamed version of an older release. */
  readonly crc64nvme: string | undefined
  /** Its own annotations, or those that it shares with the version that it replaces. */
  readonly annotations?: AnnotationSet | undefined
  readonly encryption?: ObjectEncryption | undefined
  readonly imported?: Imported | undefined
}

export async function putObject(context: StoreContext, put: PutObject): Promise<ObjectVersion> {
  const { blobs } = context
  const staged = put.staged as StagedBlob
  const { annotations } = put
  const discard = () => {
    blobs.discard(staged)
    if (annotations !== undefined) discardAnnotations(context, annotations)
  }
  await prepareWrite(context, { ...put, isAside: staged.encryption !== undefined }, discard)
  const fresh: NewVersion = {
    key: put.key,
    sizeBytes: staged.sizeBytes,
    etag: etagOf(staged, staged.encryption),
    partCount: 0,
    checksum: put.checksum,
    attributes: put.attributes,
    blobOf: (aside) => blobs.asCurrent(put.key, staged.ref, aside),
    crc64nvme: staged.digests.get('CRC64NVME')?.toString('base64'),
    annotations,
    encryption: staged.encryption,
    imported: put.imported,
  }
  const { conditions, origin, cause = 'Put' } = put
  return publish(context, put.bucket.name, fresh, {
    conditions,
    origin,
    cause,
    bytes: staged.bytes,
    discard,
    ...(annotations && { also: (transaction) => takeOver(transaction, annotations) }),
  })
}

export async function takeOver(transaction: Transaction, { id }: AnnotationSet): Promise<void> {
  if (!(await endSet(transaction, id))) throw new ApiError('OperationAborted')
}

/**
 * A write to a versioned key keeps the bytes of the previous version. If that is kept aside, a file that was put by
 * hand at the key would stay.
 */
export async function prepareWrite(
  { blobs }: StoreContext,
  { bucket, key, isAside }: { readonly bucket: Bucket; readonly key: string; readonly isAside: boolean },
  discard: () => void,
): Promise<void> {
  if (bucket.versioning === 'Unversioned' && !isAside) return
  try {
    await blobs.prepareChange(bucket.name, key)
  } catch (error) {
    discard()
    throw error
  }
}

interface PublishOptions {
  readonly conditions: WriteConditions
  readonly origin: Origin | undefined
  readonly cause: ChangeCause
  readonly bytes?: Buffer | undefined
  readonly uploadId?: string
  /** Called if nothing was committed: after the commit the bytes belong to the version. */
  readonly discard?: () => void
  /** Further reads, checks and writes of the same commit. */
  readonly also?: (transaction: Transaction, version: StoredVersion) => Promise<void>
}

export function publish(
  context: StoreContext,
  bucketName: string,
  fresh: NewVersion,
  { conditions, origin, cause, bytes, uploadId, discard, also }: PublishOptions,
): Promise<StoredVersion> {
  return commitChange(
    context,
    bucketName,
    { origin, cause, isAwaited: false, discard },
    async (transaction, bucket) => {
      const change = noChange(bucketName, fresh.key, context)
      const version = await makeCurrent(context, transaction, bucket, fresh, conditions, change)
      change.arrived = { ref: version.blob, bytes, uploadId }
      await also?.(transaction, version)
      return { result: version, change }
    },
  )
}

/** Writes the rows that make `fresh` the latest version of its key. */
export async function makeCurrent(
  context: StoreContext,
  transaction: Transaction,
  bucketNow: Bucket,
  fresh: NewVersion,
  conditions: WriteConditions,
  change: Change,
): Promise<StoredVersion> {
  const { key } = fresh
  const { blobs } = context
  const { atMs } = change
  const bucket = bucketOf(bucketNow, fresh.imported)
  const row = rowKey('o', bucket.name, key)
  const value = await transaction.get(row)
  const current = value === undefined ? undefined : decodeVersion(key, value)
  checkWriteConditions(conditions, key, current)
  const order =
    current === undefined
      ? await blobs.orderAfter(transaction, bucket.name, key, await newestOrder(transaction, bucket, key), atMs)
      : newOrder(current.order, atMs)
  const isVersioned = bucket.versioning === 'Enabled'
  if (bucket.versioning !== 'Unversioned') transaction.requireEmpty(newerThan(bucket.name, key, order))
  if (current !== undefined) {
    if (isVersioned || current.versionId !== 'null') demote(blobs, transaction, bucket.name, current, change)
    else replace(transaction, current, change, fresh.annotations)
  }
  if (bucket.versioning === 'Suspended' && current?.versionId !== 'null') {
    await dropNullVersion(transaction, bucket.name, key, change)
  }
  const lock = bucket.objectLockEnabled ? await newLock(context, bucket, fresh) : undefined
  const version = versionOf(fresh, order, isVersioned ? order : 'null', fresh.imported?.modifiedAtMs ?? atMs, lock)
  transaction.put(row, encodeVersion(version))
  change.order = order
  change.objectCount++
  change.sizeBytes += usedBytes(version)
  change.happened.push({ what: 'created', version })
  return version
}

async function newLock(
  context: StoreContext,
  bucket: Bucket,
  { attributes: { lock }, imported }: NewVersion,
): Promise<ObjectLock | undefined> {
  // An imported version is protected as it was.
  if (bucket.defaultRetention === undefined || imported !== undefined) return lock
  return lockOfNewVersion(bucket, lock, await passTime(context))
}

/** Field by field: a spread of the attributes took 10 % of the time of a small write. */
function versionOf(
  fresh: NewVersion,
  order: string,
  versionId: string,
  modifiedAtMs: number,
  lock: ObjectLock | undefined,
): StoredVersion {
  const { key, sizeBytes, etag, partCount, checksum, crc64nvme, encryption, attributes } = fresh
  const { headers, userMetadata, storageClass, ownerId, websiteRedirectLocation, acl, tags } = attributes
  const version: { -readonly [Field in keyof StoredVersion]: StoredVersion[Field] } = {
    key,
    versionId,
    order,
    blob: noBlob,
    isDeleteMarker: false,
    sizeBytes,
    etag,
    modifiedAtMs,
    partCount,
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
  if (fresh.annotations !== undefined) version.annotations = fresh.annotations
  if (lock !== undefined) version.lock = lock
  if (encryption !== undefined) version.encryption = encryption
  version.blob = fresh.blobOf(asideReason(version))
  return version
}

/** The order of the newest version row, in a bucket that may have any. */
export async function newestOrder(transaction: Transaction, bucket: Bucket, key: string): Promise<string | undefined> {
  if (bucket.versioning === 'Unversioned') return undefined
  const [newest] = await transaction.scan(rowsOf('v', bucket.name, key), { limit: 1 })
  return newest === undefined ? undefined : decodeVersion(key, newest.value).order
}

export function newerThan(bucket: string, key: string, order: string): KeyRange {
  return { start: rowsOf('v', bucket, key).start, end: rowKey('v', bucket, key, order) }
}

/** The current version becomes a version row. Its bytes make room for the next. */
export function demote(
  blobs: BlobStore,
  transaction: Transaction,
  bucket: string,
  current: StoredVersion,
  change: Change,
): void {
  const blob = blobs.asOlder(current.blob)
  transaction.put(rowKey('v', bucket, current.key, current.order), encodeVersion({ ...current, blob }))
  if (current.versionId === 'null') transaction.put(rowKey('n', bucket, current.key), Buffer.from(current.order))
  change.moved.push({ order: current.order, from: current.blob, to: blob })
}

/**
 * Removes a version: its other rows, its bytes, its annotations unless another version takes them, and its share of the
 * usage.
 */
export function replace(
  transaction: Transaction,
  version: StoredVersion,
  change: Change,
  keptAnnotations?: AnnotationSet,
): void {
  const { annotations } = version
  if (annotations !== undefined && annotations.id !== keptAnnotations?.id) change.goneAnnotations.push(annotations)
  if (version.partCount > 0) transaction.remove(rowKey('m', version.blob.id))
  if (version.isDeleteMarker) return
  if (version.lock !== undefined) change.unlocked.push(version.lock)
  change.gone.push({ order: version.order, ref: version.blob })
  change.objectCount--
  change.sizeBytes -= usedBytes(version)
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
