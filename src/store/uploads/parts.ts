/** Parts of uploads. Each has a row, and the blob store has the bytes. */
import type { ByteRange, IncomingBody, PartRef, StagedPart, StagedPartBlob } from '#blobs/contract/incoming.ts'
import { decodeJson, encodeJson, partText, rowKey, rowsOf } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import type { Upload, UploadedPart } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import type { OpenObject } from '#store/contract.ts'
import { etagOf } from '#store/etag.ts'
import type { OpenVersion } from '#store/reads/open-version.ts'
import { countPart } from './end-of-upload.ts'

export type StoredPart = UploadedPart & Pick<StagedPart, 'salt'> & { readonly at: PartRef }

export const noSuchUpload = (uploadId: string) => new ApiError('NoSuchUpload', { fields: { UploadId: uploadId } })

export function stagePart(
  { blobs, sealed }: StoreContext,
  upload: Upload,
  partNumber: number,
  body: IncomingBody,
  dataKeys: DataKeys | undefined,
): Promise<StagedPart> {
  const keys = keysOf(upload, dataKeys)
  if (keys === undefined) return blobs.parts.stage(upload, partNumber, body)
  return sealed.stagePart(upload, partNumber, body, keys)
}

export function stagePartCopy(
  { blobs, sealed }: StoreContext,
  upload: Upload,
  partNumber: number,
  source: OpenObject,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
  dataKeys: DataKeys | undefined,
): Promise<StagedPart> {
  const keys = keysOf(upload, dataKeys)
  const { blob } = source as OpenVersion
  if (keys === undefined) return blobs.parts.stageCopy(upload, partNumber, blob, range, algorithms)
  return sealed.stagePartCopy(upload, partNumber, blob, range, algorithms, keys)
}

/** The parts of an upload are encrypted if the upload is. */
function keysOf({ encryption, uploadId }: Upload, dataKeys: DataKeys | undefined): DataKeys | undefined {
  if ((encryption === undefined) === (dataKeys === undefined)) return dataKeys
  throw new Error(
    `the upload ${uploadId} is ${encryption === undefined ? 'not encrypted' : 'encrypted, and there is no key'}`,
  )
}

export async function discardPart({ blobs }: StoreContext, upload: Upload, staged: StagedPart): Promise<void> {
  const { partNumber, at } = staged as StagedPartBlob
  await blobs.parts.discard(upload.uploadId, partNumber, at)
}

export async function putPart(
  context: StoreContext,
  upload: Upload,
  staged: StagedPart,
  checksum: UploadedPart['checksum'],
): Promise<UploadedPart> {
  const { partNumber, sizeBytes, digests, salt, at } = staged as StagedPartBlob
  const { bucket, key, uploadId } = upload
  const part: StoredPart = {
    partNumber,
    sizeBytes,
    etag: etagOf(staged, upload.encryption),
    modifiedAtMs: context.clock.nowMs(),
    crc64nvme: digests.get('CRC64NVME')?.toString('base64') ?? '',
    ...(checksum === undefined ? {} : { checksum }),
    ...(salt === undefined ? {} : { salt }),
    at,
  }
  let before: StoredPart | undefined
  try {
    before = await transactDurably(context, async (transaction) => {
      if ((await transaction.get(rowKey('u', bucket, key, uploadId))) === undefined) throw noSuchUpload(uploadId)
      const row = rowKey('p', uploadId, partText(partNumber))
      const replaced = await transaction.get(row)
      const old = replaced === undefined ? undefined : decodeJson<StoredPart>(replaced)
      transaction.put(row, encodeJson(part))
      countPart(transaction, uploadId)
      await context.blobs.parts.record(transaction, uploadId, partNumber, at, old?.at)
      return old
    })
  } catch (error) {
    await discardPart(context, upload, staged)
    throw error
  }
  if (before !== undefined) context.blobs.parts.removeReplaced(uploadId, before.at)
  return part
}

export async function readParts({ engine }: StoreContext, uploadId: string): Promise<Map<number, StoredPart>> {
  const rows = await engine.scan(rowsOf('p', uploadId))
  return new Map(rows.map(({ value }) => decodeJson<StoredPart>(value)).map((part) => [part.partNumber, part]))
}

export async function listParts(
  context: StoreContext,
  upload: Upload,
  after: number,
  limit: number,
): Promise<{ parts: UploadedPart[]; next: number | undefined }> {
  const all = [...(await readParts(context, upload.uploadId)).values()].filter((part) => part.partNumber > after)
  const parts = all.slice(0, limit)
  return { parts, next: all.length > parts.length ? parts.at(-1)?.partNumber : undefined }
}
