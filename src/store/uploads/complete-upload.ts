/** CompleteMultipartUpload. It can be repeated. */
import { createHash } from 'node:crypto'
import { PartsAdded, PartsGone } from '#blobs/contract/part-blobs.ts'
import type { AsideReason } from '#metadata/blob-ref.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, partText, rowKey, rowsAfter, rowsOf } from '#metadata/tables.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { planCompletion } from '#model/object/multipart/multipart.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ObjectPart, ObjectVersion } from '#model/object/object.ts'
import { bucketIn } from '#store/buckets/buckets.ts'
import { checkWriteConditions } from '#store/changes/conditions.ts'
import { publish, takeOver } from '#store/changes/publish.ts'
import type { StoreContext } from '#store/context.ts'
import type { Store } from '#store/contract.ts'
import { findRecord } from '#store/reads/read.ts'
import { type BegunUpload, noState, requireUnchanged, stateOfKey } from './begun-uploads.ts'
import { recordEnd } from './end-of-upload.ts'
import { noSuchUpload, readParts, type StoredPart } from './parts.ts'
import { isUploadId } from './uploads.ts'

type Complete = Parameters<Store['completeUpload']>[0]

/** The data for the answer to a repeated CompleteMultipartUpload. */
interface CompletedUpload {
  readonly versionId: string
  readonly order: string
  /** Earlier releases kept the ETag of every part. */
  readonly etags?: readonly string[]
  readonly etagsHash?: string
  readonly completedAtMs: number
}

export async function completeUpload(context: StoreContext, complete: Complete): Promise<ObjectVersion> {
  const { bucket, key, uploadId } = complete
  if (bucket.versioning !== 'Unversioned') await context.blobs.prepareChange(bucket.name, key)
  const row = rowKey('u', bucket.name, key, uploadId)
  for (let attempt = 1; ; attempt++) {
    const value = isUploadId(uploadId) ? await context.engine.get(row) : undefined
    if (value === undefined) return findCompleted(context, complete)
    try {
      return await completeBegun(context, complete, row, decodeJson<BegunUpload>(value))
    } catch (error) {
      const triesMax = error instanceof PartsAdded ? addedMax : error instanceof PartsGone ? goneMax : 1
      if (triesMax === 1 && !mayBeOver(error)) throw error
      // It may have been completed or aborted meanwhile: then parts, or their files, have been removed.
      if ((await context.engine.get(row)) === undefined) return findCompleted(context, complete)
      if (attempt >= triesMax) throw error instanceof PartsAdded ? new ApiError('OperationAborted') : error
    }
  }
}

/** Each attempt loses to another part that is being sent. */
const addedMax = 100
/** Another part has replaced it. If that is not so, its file is lost. */
const goneMax = 3

/** Not for other errors: a completion that was committed, but may not be durable, must not be answered as done. */
const mayBeOver = (error: unknown): boolean =>
  error instanceof ApiError && ['NoSuchUpload', 'InvalidPart'].includes(error.code)

async function completeBegun(
  context: StoreContext,
  complete: Complete,
  row: Bytes,
  upload: BegunUpload,
): Promise<ObjectVersion> {
  const { bucket, key, uploadId } = complete
  // As in putObject, for bytes that are kept aside.
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
      // The first completion or abort wins. A part that was uploaded after planning is detected.
      const begun = await transaction.get(row)
      if (begun === undefined) throw noSuchUpload(uploadId)
      const state = await stateOfKey(transaction, await bucketIn(transaction, bucket.name), key)
      requireUnchanged(decodeJson<BegunUpload>(begun), complete.conditions, state)
      await assembled.confirm(transaction)
      for (const part of parts) {
        const partRow = rowKey('p', uploadId, partText(part.partNumber))
        const now = await transaction.get(partRow)
        if (now === undefined || decodeJson<StoredPart>(now).etag !== part.etag) throw new ApiError('InvalidPart')
      }
      await recordEnd(context, transaction, row, uploadId)
      transaction.put(rowKey('m', version.blob.id), encodeJson(parts.map((part) => objectPart(upload, part))))
      if (complete.annotations !== undefined) await takeOver(transaction, complete.annotations)
      const completed = completedUpload(version, parts, context.clock.nowMs())
      transaction.put(rowKey('d', bucket.name, key, uploadId), encodeJson(completed))
    },
  })
}

/** The part's checksum is kept only if it has the algorithm of the upload, which is also the object's. */
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

/** Identifies the parts of a completion, to recognize a repeated call. */
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

/** How long a repeated CompleteMultipartUpload is answered. */
const completedKeptMs = 60 * 60 * 1000

/** Deletes the rows of uploads that were completed too long ago for a repeated call. */
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
