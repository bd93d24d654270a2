/** Multipart uploads: a row and a folder each, until they are completed or aborted. */
import { createHash } from 'node:crypto'
import { PartsGone } from '#blobs/contract/part-blobs.ts'
import type { AsideReason } from '#metadata/blob-ref.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { randomId } from '#metadata/order.ts'
import {
  decodeJson,
  encodeJson,
  partText,
  rowKey,
  rowParts,
  rowsAfter,
  rowsOf,
  rowsWithPrefix,
} from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { planCompletion } from '#model/object/multipart/multipart.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ObjectPart, ObjectVersion } from '#model/object/object.ts'
import { bucketIn } from '#store/buckets/buckets.ts'
import { checkWriteConditions } from '#store/changes/conditions.ts'
import { publish, takeOver } from '#store/changes/publish.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import type { ListQuery, Store, UploadPage } from '#store/contract.ts'
import { commonPrefix } from '#store/reads/listing.ts'
import { findRecord } from '#store/reads/read.ts'
import { type BegunUpload, noState, requireUnchanged, stateOfKey } from './begun-uploads.ts'
import { noSuchUpload, readParts, type StoredPart } from './parts.ts'

type Complete = Parameters<Store['completeUpload']>[0]

/** What a repeated CompleteMultipartUpload is answered from. */
interface CompletedUpload {
  readonly versionId: string
  readonly order: string
  /** Earlier releases kept the ETag of every part. */
  readonly etags?: readonly string[]
  readonly etagsHash?: string
  readonly completedAtMs: number
}

export async function createUpload(
  context: StoreContext,
  upload: Omit<Upload, 'uploadId' | 'initiatedAtMs'>,
): Promise<Upload> {
  context.blobs.assertRoom()
  const initiatedAtMs = context.clock.nowMs()
  // Sorts by time within a key, as uploads are listed.
  const uploadId = initiatedAtMs.toString(16).padStart(12, '0') + randomId(18)
  const created: Upload = { ...upload, uploadId, initiatedAtMs }
  const row = rowKey('u', upload.bucket, upload.key, uploadId)
  await transactDurably(context, async (transaction) => {
    const bucket = await bucketIn(transaction, upload.bucket)
    const begun: BegunUpload = { ...created, begunOn: await stateOfKey(transaction, bucket, upload.key) }
    transaction.put(row, encodeJson(begun))
  })
  try {
    await context.blobs.parts.begin(uploadId)
  } catch (error) {
    await context.engine.commit({ checks: [], writes: [{ key: row, value: undefined }] })
    throw error
  }
  return created
}

export async function getUpload(context: StoreContext, bucket: string, key: string, uploadId: string): Promise<Upload> {
  const value = isUploadId(uploadId) ? await context.engine.get(rowKey('u', bucket, key, uploadId)) : undefined
  if (value === undefined) throw noSuchUpload(uploadId)
  return decodeJson<Upload>(value)
}

/** Upload ids may become names of folders: nothing but ours may pass. */
const isUploadId = (text: string) => /^[0-9a-f]{48}$/.test(text)

export async function listUploads(
  context: StoreContext,
  query: ListQuery & { keyMarker: string; uploadIdMarker: string },
): Promise<UploadPage> {
  const { bucket, prefix, delimiter, limit, keyMarker, uploadIdMarker } = query
  const page = { uploads: [] as Upload[], commonPrefixes: [] as string[] }
  let last = { key: '', uploadId: '' }
  if (uploadIdMarker !== '') await assertUploadIdMarker(context, bucket, keyMarker, uploadIdMarker)
  if (limit === 0) return { ...page, last, next: undefined }
  let range = rowsWithPrefix('u', `${bucket}\0${prefix}`)
  if (keyMarker !== '') {
    const after = rowKey('u', bucket, keyMarker, uploadIdMarker)
    if (Buffer.compare(after, range.start) > 0) range = { start: after, end: range.end }
  }
  for (;;) {
    const rows = await context.engine.scan(range, { limit: 1000 })
    for (const { key: row, value } of rows) {
      const [, key = '', uploadId = ''] = rowParts(row)
      if (key === keyMarker && (uploadIdMarker === '' || uploadId <= uploadIdMarker)) continue
      const common = commonPrefix(key, prefix, delimiter)
      // A marker inside a common prefix stands for all of it.
      if (common !== undefined && (common === page.commonPrefixes.at(-1) || keyMarker.startsWith(common))) continue
      if (page.uploads.length + page.commonPrefixes.length === limit) return { ...page, last, next: last }
      if (common === undefined) page.uploads.push(decodeJson<Upload>(value))
      else page.commonPrefixes.push(common)
      last = { key: common ?? key, uploadId: common === undefined ? uploadId : '' }
    }
    const lastRow = rows.at(-1)
    if (lastRow === undefined) return { ...page, last, next: undefined }
    range = rowsAfter(range, lastRow.key, 'row')
  }
}

/**
 * InvalidArgument for a marker that can be none: no id of an upload, or that of an upload to another key. One that is over by now is as
 * good as before: the next page goes on after it.
 */
async function assertUploadIdMarker(context: StoreContext, bucket: string, key: string, uploadId: string) {
  const invalid = () =>
    new ApiError('InvalidArgument', {
      message: 'Invalid uploadId marker',
      fields: { ArgumentName: 'upload-id-marker', ArgumentValue: uploadId },
    })
  if (!isUploadId(uploadId)) throw invalid()
  for (const table of ['u', 'd'] as const) {
    if ((await context.engine.get(rowKey(table, bucket, key, uploadId))) !== undefined) return
  }
  for (const table of ['u', 'd'] as const) {
    for (let range = rowsOf(table, bucket); ; ) {
      const rows = await context.engine.scan(range, { limit: 1000 })
      if (rows.some(({ key: row }) => rowParts(row)[2] === uploadId)) throw invalid()
      const last = rows.at(-1)
      if (last === undefined) break
      range = rowsAfter(range, last.key, 'row')
    }
  }
}

export async function completeUpload(context: StoreContext, complete: Complete): Promise<ObjectVersion> {
  const { bucket, key, uploadId } = complete
  if (bucket.versioning !== 'Unversioned') await context.blobs.prepareChange(bucket.name, key)
  const row = rowKey('u', bucket.name, key, uploadId)
  const value = isUploadId(uploadId) ? await context.engine.get(row) : undefined
  if (value === undefined) return findCompleted(context, complete)
  try {
    return await completeBegun(context, complete, row, decodeJson<BegunUpload>(value))
  } catch (error) {
    // Completed or aborted meanwhile: then parts, or their files, are gone.
    if (!mayBeOver(error) || (await context.engine.get(row)) !== undefined) throw error
    return findCompleted(context, complete)
  }
}

/** No other: a completion that was committed, but may not be durable, is not to be answered as done. */
const mayBeOver = (error: unknown): boolean =>
  error instanceof PartsGone || (error instanceof ApiError && ['NoSuchUpload', 'InvalidPart'].includes(error.code))

async function completeBegun(
  context: StoreContext,
  complete: Complete,
  row: Bytes,
  upload: BegunUpload,
): Promise<ObjectVersion> {
  const { bucket, key, uploadId } = complete
  // As putObject does for bytes that are kept aside.
  if (upload.encryption !== undefined) await context.blobs.prepareChange(bucket.name, key)
  const stored = await readParts(context, uploadId)
  const plan = planCompletion(upload, stored, complete.parts, {
    ...(complete.checksum === undefined ? {} : { checksum: complete.checksum }),
    ...(complete.checksumType === undefined ? {} : { checksumType: complete.checksumType }),
    ...(complete.objectSizeBytes === undefined ? {} : { objectSizeBytes: complete.objectSizeBytes }),
  })
  const current = await findRecord(context, bucket.name, key, undefined)
  checkWriteConditions(complete.conditions, key, current?.isDeleteMarker === true ? undefined : current)
  requireUnchanged(upload, complete.conditions, current?.order ?? noState)
  const parts = plan.parts as readonly StoredPart[]
  const assembled = await (upload.encryption === undefined
    ? context.blobs.parts.assemble(uploadId, parts)
    : context.sealed.assemble(uploadId, parts))
  const fresh = {
    key,
    sizeBytes: plan.sizeBytes,
    etag: plan.etag,
    partCount: parts.length,
    checksum: plan.checksum,
    attributes: upload.attributes,
    blobOf: (aside: AsideReason | undefined) => context.blobs.asCurrent(key, assembled.ref, aside),
    crc64nvme: plan.crc64nvme,
    encryption: upload.encryption,
    imported: complete.imported,
    annotations: complete.annotations,
  }
  return await publish(context, bucket.name, fresh, {
    conditions: complete.conditions,
    origin: complete.origin,
    cause: 'CompleteMultipartUpload',
    uploadId,
    discard: assembled.discard,
    also: async (transaction, version) => {
      // Whoever completes or aborts first wins; a part that came after the plan was made is not lost unseen.
      const begun = await transaction.get(row)
      if (begun === undefined) throw noSuchUpload(uploadId)
      const state = await stateOfKey(transaction, await bucketIn(transaction, bucket.name), key)
      requireUnchanged(decodeJson<BegunUpload>(begun), complete.conditions, state)
      assembled.confirm(transaction)
      for (const part of parts) {
        const partRow = rowKey('p', uploadId, partText(part.partNumber))
        const now = await transaction.get(partRow)
        if (now === undefined || decodeJson<StoredPart>(now).etag !== part.etag) throw new ApiError('InvalidPart')
      }
      await removeRows(context, transaction, row, uploadId)
      transaction.put(rowKey('m', version.blob.id), encodeJson(parts.map((part) => objectPart(upload, part))))
      if (complete.annotations !== undefined) await takeOver(transaction, complete.annotations)
      const completed = completedUpload(version, parts, context.clock.nowMs())
      transaction.put(rowKey('d', bucket.name, key, uploadId), encodeJson(completed))
    },
  })
}

/** A part's checksum belongs to the object only if the upload announced its algorithm: the object's own is of another one else. */
function objectPart({ checksumAlgorithm }: Upload, part: StoredPart): ObjectPart {
  const { partNumber, sizeBytes, checksum, salt } = part
  const isOfUpload = checksum !== undefined && checksum.algorithm === checksumAlgorithm
  return {
    partNumber,
    sizeBytes,
    ...(isOfUpload ? { checksum: checksum.value } : {}),
    ...(salt === undefined ? {} : { salt }),
  }
}

function completedUpload(version: StoredVersion, parts: readonly StoredPart[], completedAtMs: number): CompletedUpload {
  const { versionId, order } = version
  return { versionId, order, etagsHash: hashOf(parts), completedAtMs }
}

/** Enough to know the same parts again. */
const hashOf = (parts: readonly { readonly etag: string }[]): string =>
  createHash('sha256')
    .update(parts.map(({ etag }) => etag).join())
    .digest('base64url')

async function findCompleted(context: StoreContext, complete: Complete): Promise<ObjectVersion> {
  const { bucket, key, uploadId } = complete
  const value = isUploadId(uploadId) ? await context.engine.get(rowKey('d', bucket.name, key, uploadId)) : undefined
  const completed = value === undefined ? undefined : decodeJson<CompletedUpload>(value)
  const etagsHash = completed?.etagsHash ?? hashOf((completed?.etags ?? []).map((etag) => ({ etag })))
  if (completed !== undefined && etagsHash === hashOf(complete.parts)) {
    const version = await findRecord(context, bucket.name, key, completed.versionId)
    if (version?.order === completed.order) return version
  }
  throw noSuchUpload(uploadId)
}

export async function abortUpload(
  context: StoreContext,
  bucket: string,
  key: string,
  uploadId: string,
  ifInitiatedMs?: number,
): Promise<void> {
  if (!isUploadId(uploadId)) throw noSuchUpload(uploadId)
  await transactDurably(context, async (transaction) => {
    const row = rowKey('u', bucket, key, uploadId)
    const value = await transaction.get(row)
    if (value === undefined) throw noSuchUpload(uploadId)
    const { initiatedAtMs } = decodeJson<Upload>(value)
    if (ifInitiatedMs !== undefined && Math.floor(ifInitiatedMs / 1000) !== Math.floor(initiatedAtMs / 1000)) {
      throw new ApiError('PreconditionFailed', { fields: { Condition: 'x-amz-if-match-initiated-time' } })
    }
    await removeRows(context, transaction, row, uploadId)
  })
  await context.blobs.parts.remove(uploadId)
}

/** All rows of an upload that has ended. */
async function removeRows(
  { blobs }: StoreContext,
  transaction: Transaction,
  row: Bytes,
  uploadId: string,
): Promise<void> {
  transaction.remove(row)
  for (const { key } of await transaction.scan(rowsOf('p', uploadId))) transaction.remove(key)
  await blobs.parts.recordEnd(transaction, uploadId)
}

/** So long a repeated CompleteMultipartUpload is answered. */
const completedKeptMs = 60 * 60 * 1000

/** Rows of uploads completed so long ago that nobody repeats the call. */
export async function forgetCompleted(engine: Pick<MetadataEngine, 'scan' | 'commit'>, nowMs: number): Promise<void> {
  for (let range = rowsOf('d'); ; ) {
    const rows = await engine.scan(range, { limit: 500 })
    const last = rows.at(-1)
    if (last === undefined) return
    const writes = rows
      .filter(({ value }) => decodeJson<CompletedUpload>(value).completedAtMs < nowMs - completedKeptMs)
      .map(({ key }) => ({ key, value: undefined }))
    if (writes.length > 0) await engine.commit({ checks: [], writes })
    range = rowsAfter(range, last.key, 'row')
  }
}
