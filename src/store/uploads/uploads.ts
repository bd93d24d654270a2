/** Multipart uploads. Each has a row and a folder until it is completed or aborted. */
import { randomId } from '#metadata/order.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import { bucketIn } from '#store/buckets/buckets.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import { type BegunUpload, stateOfKey } from './begun-uploads.ts'
import { recordEnd } from './end-of-upload.ts'
import { noSuchUpload } from './parts.ts'

export async function createUpload(
  context: StoreContext,
  upload: Omit<Upload, 'uploadId' | 'initiatedAtMs'>,
): Promise<Upload> {
  context.blobs.assertRoom()
  const initiatedAtMs = context.clock.nowMs()
  // Uploads of a key sort by time, the order in which they are listed.
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

/** Upload ids become names of folders, so only ids of this form are accepted. */
export const isUploadId = (text: string) => /^[0-9a-f]{48}$/.test(text)

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
    await recordEnd(context, transaction, row, uploadId)
  })
  await context.blobs.parts.remove(uploadId)
}
