/**
 * The bytes of parts of uploads. A part is written to the upload's assembled file at its later offset in the object,
 * which is known if all parts except the last have the same size. A part of another size, or one that is sent again,
 * gets a separate file; then the completion copies.
 */
import fs from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { copyFrom } from '#blobs/contract/copy-from.ts'
import type { ByteRange, IncomingBody, PartRef, StagedPartBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { PartBlobs } from '#blobs/contract/part-blobs.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { tryToRemove, tryToRemoveFolder } from '#blobs/files/io/file-operations.ts'
import { syncFolder } from '#lib/files/sync.ts'
import { randomId } from '#metadata/order.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { decodeJson, encodeJson, partText, rowKey, rowsOf } from '#metadata/tables.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { assembleParts, type PartPlace, type SlotState } from './assemble.ts'
import { assertRoom, receive } from './staging.ts'

const noSuchUpload = (uploadId: string) => new ApiError('NoSuchUpload', { fields: { UploadId: uploadId } })

export class PartFiles implements PartBlobs {
  readonly #context: FilesContext

  constructor(context: FilesContext) {
    this.#context = context
  }

  /**
   * Creates the folder and the file for the parts. Called after the upload's row is written: a folder without a row can
   * be removed.
   */
  async begin(uploadId: string): Promise<void> {
    try {
      await this.#makeFolder(uploadId)
    } catch (error) {
      await this.remove(uploadId)
      throw asStorageError(error)
    }
  }

  async #makeFolder(uploadId: string): Promise<void> {
    const { layout, durability } = this.#context
    const folder = layout.upload(uploadId)
    await mkdir(folder, { recursive: true })
    // An existing file keeps its content.
    await writeFile(layout.assembled(uploadId), '', { flag: 'a' })
    if (durability === 'none') return
    await syncFolder(folder)
    await syncFolder(layout.system('uploads'))
  }

  /** Creates a missing folder: the process may have ended after it had written the upload's row. */
  async #restoreFolder({ bucket, key, uploadId }: Upload): Promise<void> {
    const row = await this.#context.engine.get(rowKey('u', bucket, key, uploadId))
    if (row === undefined) throw noSuchUpload(uploadId)
    await this.#makeFolder(uploadId)
  }

  async stage(upload: Upload, partNumber: number, body: IncomingBody): Promise<StagedPartBlob> {
    const { layout, durability } = this.#context
    const { uploadId } = upload
    assertRoom(this.#context, body.sizeBytes)
    if (!fs.existsSync(layout.assembled(uploadId))) await this.#restoreFolder(upload)
    const at = await this.#choosePlace(upload, partNumber, body.sizeBytes)
    const isInSlot = 'offset' in at
    const path = isInSlot ? layout.assembled(uploadId) : layout.partFile(uploadId, at.file)
    try {
      const received = await receive(this.#context, body, path, isInSlot ? at.offset : 0, isInSlot ? 'r+' : 'wx')
      if (durability !== 'none' && !isInSlot) await syncFolder(layout.upload(uploadId))
      return { partNumber, sizeBytes: received.sizeBytes, digests: received.digests, at }
    } catch (error) {
      await this.discard(uploadId, partNumber, at)
      if (!fs.existsSync(layout.upload(uploadId))) throw noSuchUpload(uploadId)
      throw error
    }
  }

  stageCopy(
    upload: Upload,
    partNumber: number,
    from: OpenBlob,
    range: ByteRange,
    algorithms: readonly ChecksumAlgorithm[],
  ): Promise<StagedPartBlob> {
    return copyFrom(
      from,
      range,
      algorithms,
      (body) => this.stage(upload, partNumber, body),
      ({ at }) => this.discard(upload.uploadId, partNumber, at),
    )
  }

  /**
   * Reserves the part's slot in the assembled file if it is free and the size fits. The first part sets the size of the
   * slots.
   */
  async #choosePlace(upload: Upload, partNumber: number, sizeBytes: number | undefined): Promise<PartPlace> {
    const { bucket, key, uploadId } = upload
    const aside = { file: `${partText(partNumber)}-${randomId(8)}` }
    if (sizeBytes === undefined || sizeBytes === 0) return aside
    const { result } = await transact(this.#context.engine, async (transaction): Promise<PartPlace> => {
      // Otherwise a part that comes after the end of the upload would leave the rows of its slot.
      if ((await transaction.get(rowKey('u', bucket, key, uploadId))) === undefined) throw noSuchUpload(uploadId)
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

  async discard(uploadId: string, partNumber: number, ref: PartRef): Promise<void> {
    const at = ref as PartPlace
    if ('file' in at) return this.removeReplaced(uploadId, at)
    const row = rowKey('s', uploadId, partText(partNumber))
    await this.#context.engine.commit({ checks: [], writes: [{ key: row, value: undefined }] })
  }

  record(transaction: Transaction, uploadId: string, partNumber: number, ref: PartRef): void {
    if (!('offset' in ref)) return
    transaction.put(rowKey('s', uploadId, partText(partNumber)), encodeJson('written' satisfies SlotState))
  }

  removeReplaced(uploadId: string, ref: PartRef): void {
    const at = ref as PartPlace
    if ('file' in at) tryToRemove(this.#context.layout.partFile(uploadId, at.file))
  }

  assemble(uploadId: string, parts: readonly { readonly at: PartRef; readonly sizeBytes: number }[]) {
    return assembleParts(this.#context, uploadId, parts as readonly { at: PartPlace; sizeBytes: number }[])
  }

  async recordEnd(transaction: Transaction, uploadId: string): Promise<void> {
    for (const { key } of await transaction.scan(rowsOf('s', uploadId))) transaction.remove(key)
    transaction.remove(rowKey('s', uploadId))
  }

  remove(uploadId: string): Promise<void> {
    return tryToRemoveFolder(this.#context.layout.upload(uploadId))
  }
}
