/**
 * Parts of uploads. A part lies in the upload's assembled file at the offset where it will be in the object, as far as that can be
 * foreseen: all parts but the last have one size. A part that does not fit, or comes again, gets a file of its own; then completion
 * copies.
 */
import fs from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { findFile, signatureOf, tryToRemove } from '#blobs/files/io/file-operations.ts'
import { asStorageError } from '#blobs/files/storage-error.ts'
import { syncFolder } from '#lib/files/sync.ts'
import { randomId } from '#metadata/order.ts'
import { decodeJson, encodeJson, partText, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { ChecksumAlgorithm, FileSignature } from '#model/object.ts'
import type { Upload, UploadedPart } from '#model/upload.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import type { IncomingBody, OpenObject, StagedPart } from '#store/contract.ts'
import { asCopyError, assertRoom, checkCopy, discardFile, discardStaged, readStretch, receive } from './staging.ts'

/** Where a part's bytes are: in the assembled file at `offset`, or in a file of the upload's folder. */
export type PartPlace = { readonly offset: number } | { readonly file: string }

export type StoredPart = UploadedPart & { readonly at: PartPlace }

/** `writing`: somebody may still write to this slot. `written`: its part has been acknowledged, and nobody will again. */
export type SlotState = 'writing' | 'written'

interface StagedAt extends StagedPart {
  readonly at: PartPlace
}

export const noSuchUpload = (uploadId: string) => new ApiError('NoSuchUpload', { fields: { UploadId: uploadId } })

export async function stagePart(
  context: StoreContext,
  upload: Upload,
  partNumber: number,
  body: IncomingBody,
): Promise<StagedPart> {
  assertRoom(context, body.sizeBytes)
  const folder = context.layout.upload(upload.uploadId)
  if (!fs.existsSync(context.layout.assembled(upload.uploadId))) await restoreUploadFolder(context, upload)
  const at = await choosePlace(context, upload.uploadId, partNumber, body.sizeBytes)
  const path = 'offset' in at ? context.layout.assembled(upload.uploadId) : `${folder}/${at.file}`
  try {
    const flags = 'offset' in at ? 'r+' : 'wx'
    const received = await receive(context, body, path, 'offset' in at ? at.offset : 0, flags)
    if (context.durability !== 'none' && 'file' in at) await syncFolder(folder)
    const staged: StagedAt = { partNumber, sizeBytes: received.sizeBytes, digests: received.digests, at }
    return staged
  } catch (error) {
    await releasePlace(context, upload, partNumber, at)
    if (!fs.existsSync(folder)) throw noSuchUpload(upload.uploadId)
    throw error
  }
}

/** The folder and the file in which the parts lie. It is made after the upload's row: one without a row is never needed. */
export async function makeUploadFolder({ layout, durability }: StoreContext, uploadId: string): Promise<void> {
  const folder = layout.upload(uploadId)
  await mkdir(folder, { recursive: true })
  // What is in it stays.
  await writeFile(layout.assembled(uploadId), '', { flag: 'a' })
  if (durability === 'none') return
  await syncFolder(folder)
  await syncFolder(layout.system('uploads'))
}

/** A process may have ended between the row and the folder. */
async function restoreUploadFolder(context: StoreContext, { bucket, key, uploadId }: Upload): Promise<void> {
  if ((await context.engine.get(rowKey('u', bucket, key, uploadId))) === undefined) throw noSuchUpload(uploadId)
  await makeUploadFolder(context, uploadId)
}

export async function stagePartCopy(
  context: StoreContext,
  upload: Upload,
  partNumber: number,
  source: OpenObject,
  range: { start: number; end: number },
  algorithms: readonly ChecksumAlgorithm[],
): Promise<StagedPart> {
  const { Readable } = await import('node:stream')
  const content = source.content(range.start, range.end)
  const sizeBytes = range.end - range.start
  try {
    const stream = Buffer.isBuffer(content) ? Readable.from([content], { objectMode: false }) : readStretch(content)
    const body = { source: stream, sizeBytes, maxBytes: sizeBytes, algorithms }
    const staged = await stagePart(context, upload, partNumber, body)
    try {
      if (!Buffer.isBuffer(content)) checkCopy(source, content, staged)
    } catch (error) {
      await discardPart(context, upload, staged)
      throw error
    }
    return staged
  } catch (error) {
    throw asCopyError(error)
  } finally {
    if (!Buffer.isBuffer(content)) content.close()
  }
}

/** Takes the part's slot in the assembled file if it is free and fits. The first part to come sets the slots' size. */
async function choosePlace(
  context: StoreContext,
  uploadId: string,
  partNumber: number,
  sizeBytes: number | undefined,
): Promise<PartPlace> {
  const aside = { file: `${partText(partNumber)}-${randomId(8)}` }
  if (sizeBytes === undefined || sizeBytes === 0) return aside
  const { result } = await transact(context.engine, async (transaction): Promise<PartPlace> => {
    const sizeRow = rowKey('s', uploadId)
    const slotRow = rowKey('s', uploadId, partText(partNumber))
    const slotSize = await transaction.get(sizeRow)
    const size = slotSize === undefined ? sizeBytes : decodeJson<number>(slotSize)
    if (sizeBytes > size || (await transaction.get(slotRow)) !== undefined) return aside
    if (slotSize === undefined) transaction.put(sizeRow, encodeJson(size))
    transaction.put(slotRow, encodeJson('writing' satisfies SlotState))
    return { offset: (partNumber - 1) * size }
  })
  return result
}

async function releasePlace(context: StoreContext, upload: Upload, partNumber: number, at: PartPlace): Promise<void> {
  if ('file' in at) {
    tryToRemove(`${context.layout.upload(upload.uploadId)}/${at.file}`)
    return
  }
  const row = rowKey('s', upload.uploadId, partText(partNumber))
  await context.engine.commit({ checks: [], writes: [{ key: row, value: undefined }] })
}

export async function discardPart(context: StoreContext, upload: Upload, staged: StagedPart): Promise<void> {
  if (!('at' in staged)) return discardStaged(context, staged)
  await releasePlace(context, upload, staged.partNumber, (staged as StagedAt).at)
}

export async function putPart(
  context: StoreContext,
  upload: Upload,
  staged: StagedPart,
  checksum: UploadedPart['checksum'],
): Promise<UploadedPart> {
  const { partNumber, sizeBytes, digests } = staged
  const part: StoredPart = {
    partNumber,
    sizeBytes,
    etag: digests.get('MD5')?.toString('hex') ?? '',
    modifiedAtMs: Date.now(),
    crc64nvme: digests.get('CRC64NVME')?.toString('base64') ?? '',
    ...(checksum === undefined ? {} : { checksum }),
    at: (staged as StagedAt).at,
  }
  let before: StoredPart | undefined
  try {
    before = await transactDurably(context, async (transaction) => {
      const { bucket, key, uploadId } = upload
      if ((await transaction.get(rowKey('u', bucket, key, uploadId))) === undefined) throw noSuchUpload(uploadId)
      const row = rowKey('p', uploadId, partText(partNumber))
      const before = await transaction.get(row)
      transaction.put(row, encodeJson(part))
      if ('offset' in part.at) {
        transaction.put(rowKey('s', uploadId, partText(partNumber)), encodeJson('written' satisfies SlotState))
      }
      return before === undefined ? undefined : decodeJson<StoredPart>(before)
    })
  } catch (error) {
    await discardPart(context, upload, staged)
    throw error
  }
  if (before !== undefined && 'file' in before.at) {
    tryToRemove(`${context.layout.upload(upload.uploadId)}/${before.at.file}`)
  }
  return part
}

export async function readParts(context: StoreContext, uploadId: string): Promise<Map<number, StoredPart>> {
  const rows = await context.engine.scan(rowsOf('p', uploadId))
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

/** Part numbers whose slots are taken, if nobody is writing to any: then the assembled file may become an object. */
export async function quietSlots(context: StoreContext, uploadId: string): Promise<number[] | undefined> {
  const rows = await context.engine.scan(rowsOf('s', uploadId))
  if (rows.some(({ value }) => decodeJson<SlotState>(value) === 'writing')) return undefined
  return rows.map(({ key }) => Number(rowParts(key)[1]))
}

/** Fails the transaction if anybody has taken a slot beside these since they were read. */
export function requireNoNewSlots(transaction: Transaction, uploadId: string, slots: readonly number[]): void {
  let from = 0
  for (const slot of [...slots, limits.partNumberMax + 1]) {
    if (slot > from) {
      const range = { start: rowKey('s', uploadId, partText(from)), end: rowKey('s', uploadId, partText(slot)) }
      transaction.requireEmpty(range)
    }
    from = slot + 1
  }
}

/** The file that holds the bytes of these parts one after the other: the assembled one if that is all it holds, else a copy. */
export async function concatenateParts(
  context: StoreContext,
  uploadId: string,
  parts: readonly StoredPart[],
  mayTakeAssembled: boolean,
): Promise<{ fileId: string; signature: FileSignature; isCopied: boolean }> {
  let end = 0
  const isInPlace = parts.every((part) => {
    const fits = 'offset' in part.at && part.at.offset === end
    end += part.sizeBytes
    return fits
  })
  const assembled = findFile(context.layout.assembled(uploadId))
  // Cutting off what is beyond would take it from an upload whose completion may yet fail.
  if (isInPlace && mayTakeAssembled && assembled?.sizeBytes === end) {
    return { fileId: uploadId, signature: assembled, isCopied: false }
  }
  assertRoom(context, end)
  const fileId = context.staging.newFileId()
  try {
    return { fileId, signature: await copyParts(context, uploadId, parts, fileId), isCopied: true }
  } catch (error) {
    discardFile(context, fileId)
    throw asStorageError(error)
  }
}

async function copyParts(
  { layout, staging, durability }: StoreContext,
  uploadId: string,
  parts: readonly StoredPart[],
  fileId: string,
): Promise<FileSignature> {
  const file = await open(layout.staging(fileId), 'wx')
  try {
    for (const part of parts) {
      const path = 'offset' in part.at ? layout.assembled(uploadId) : `${layout.upload(uploadId)}/${part.at.file}`
      await copyStretch(path, 'offset' in part.at ? part.at.offset : 0, part.sizeBytes, (bytes) =>
        file.writeFile(bytes),
      )
    }
    if (durability !== 'none') {
      await file.datasync()
      await staging.sync()
    }
    return signatureOf(await file.stat())
  } finally {
    await file.close()
  }
}

async function copyStretch(
  path: string,
  start: number,
  sizeBytes: number,
  write: (bytes: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const source = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(Math.min(sizeBytes, 1024 * 1024))
    for (let done = 0; done < sizeBytes; ) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, sizeBytes - done), start + done)
      if (bytesRead === 0) throw new Error(`${path} is shorter than its part`)
      await write(buffer.subarray(0, bytesRead))
      done += bytesRead
    }
  } finally {
    await source.close()
  }
}
