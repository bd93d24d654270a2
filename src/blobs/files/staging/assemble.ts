/** Assembles the parts of an upload into one file. */
import { open } from 'node:fs/promises'
import { type AssembledBlob, PartsAdded, PartsGone } from '#blobs/contract/part-blobs.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { findFile, signatureOf } from '#blobs/files/io/file-operations.ts'
import { type FileSignature, fileRef } from '#blobs/files/place/file-ref.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { asBuffer, type Entry } from '#metadata/engine.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { decodeJson, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { assertRoom, discardFile } from './staging.ts'

/** The place of a part's bytes: at `offset` in the assembled file, or in a separate file of the upload's folder. */
export type PartPlace = { readonly offset: number } | { readonly file: string }

/**
 * `writing`: a request may still write to this slot. `written`: its part has been acknowledged, and the slot is not
 * written again.
 */
export type SlotState = 'writing' | 'written'

interface PlacedPart {
  readonly at: PartPlace
  readonly sizeBytes: number
}

/**
 * The file with the bytes of these parts in sequence: the assembled file if it contains nothing else, otherwise a copy.
 */
export async function assembleParts(
  context: FilesContext,
  uploadId: string,
  parts: readonly PlacedPart[],
): Promise<AssembledBlob> {
  const slots = await findQuietSlots(context, uploadId)
  let end = 0
  const isInPlace = parts.every((part) => {
    const fits = 'offset' in part.at && part.at.offset === end
    end += part.sizeBytes
    return fits
  })
  const assembled = findFile(context.layout.assembled(uploadId))
  // The assembled file is not truncated: if the completion fails, the upload still needs the other parts.
  if (isInPlace && slots !== undefined && assembled?.sizeBytes === end) {
    return {
      ref: fileRef(uploadId, 'plain', assembled),
      confirm: (transaction) => requireNoMoreSlots(transaction, uploadId, slots),
      discard: () => undefined,
    }
  }
  return copyOf(context, uploadId, parts)
}

/** A request may be writing to another slot, and so to the file. */
async function requireNoMoreSlots(transaction: Transaction, uploadId: string, slots: readonly Entry[]): Promise<void> {
  const known = new Set(slots.map(({ key }) => asBuffer(key).toString('latin1')))
  const now = await transaction.scan(rowsOf('s', uploadId))
  if (now.some(({ key }) => !known.has(asBuffer(key).toString('latin1')))) throw new PartsAdded('a part has a slot')
  transaction.requireNoMore(rowsOf('s', uploadId), slots)
}

async function copyOf(context: FilesContext, uploadId: string, parts: readonly PlacedPart[]): Promise<AssembledBlob> {
  assertRoom(
    context,
    parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  )
  const fileId = context.staging.newFileId()
  try {
    const signature = await copyParts(context, uploadId, parts, fileId)
    const discard = () => discardFile(context, fileId)
    return { ref: fileRef(fileId, 'plain', signature), confirm: () => undefined, discard }
  } catch (error) {
    discardFile(context, fileId)
    if (hasCode(error, 'ENOENT')) throw new PartsGone('a part has no file any more', { cause: error })
    throw asStorageError(error)
  }
}

/**
 * The rows of the used slots; undefined while one is being written, when the assembled file must not become an object.
 */
async function findQuietSlots({ engine }: FilesContext, uploadId: string): Promise<Entry[] | undefined> {
  const rows = await engine.scan(rowsOf('s', uploadId))
  return rows.some(({ value }) => decodeJson<SlotState>(value) === 'writing') ? undefined : rows
}

async function copyParts(
  { layout, staging, durability }: FilesContext,
  uploadId: string,
  parts: readonly PlacedPart[],
  fileId: string,
): Promise<FileSignature> {
  const file = await open(layout.staging(fileId), 'wx')
  try {
    for (const part of parts) {
      const path = 'offset' in part.at ? layout.assembled(uploadId) : layout.partFile(uploadId, part.at.file)
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
