/**
 * Appends bytes to an object in a new file, so that readers of the old file are not disturbed. It is published like any
 * other file.
 */
import { algorithmsFor, type IncomingBody, type StagedBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { tryToRemove } from '#blobs/files/io/file-operations.ts'
import { OpenFile } from '#blobs/files/open-file.ts'
import { fileRef } from '#blobs/files/place/file-ref.ts'
import { assertNotTooLarge, readSmall } from '#blobs/read-body.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { asStorageError } from '#metadata/storage-error.ts'
import { limits } from '#model/limits.ts'
import { assertRoom, receive, writeStaged } from './staging.ts'

export async function stageAppend(context: FilesContext, to: OpenBlob, body: IncomingBody): Promise<StagedBlob> {
  try {
    const { sizeBytes } = body
    assertNotTooLarge(body)
    assertRoom(context, to.sizeBytes + (sizeBytes ?? 0))
    const before = to.bytes({ start: 0, end: to.sizeBytes })
    const isSmall = sizeBytes !== undefined && to.sizeBytes + sizeBytes <= limits.inlineBytes
    if (before === undefined || !isSmall) return await stageFile(context, to, body)
    const added = await readSmall(body.source, sizeBytes)
    const bytes = Buffer.concat([before, added])
    const digests = digestOnce(algorithmsFor(body), added)
    return { ref: writeStaged(context, bytes), sizeBytes, digests, bytes }
  } finally {
    to.close()
  }
}

async function stageFile(context: FilesContext, to: OpenBlob, body: IncomingBody): Promise<StagedBlob> {
  const fileId = context.staging.newFileId()
  const path = context.layout.staging(fileId)
  try {
    await copyBytes(context, to, path)
    // The sync of the new bytes makes the copied ones durable too.
    const { sizeBytes, digests, signature } = await receive(context, body, path, to.sizeBytes, 'r+')
    if (context.durability !== 'none') await context.staging.sync()
    return { ref: fileRef(fileId, 'plain', signature), sizeBytes, digests, bytes: undefined }
  } catch (error) {
    tryToRemove(path)
    throw asStorageError(error)
  }
}

async function copyBytes(context: FilesContext, from: OpenBlob, path: string): Promise<void> {
  if (from instanceof OpenFile && (await from.copyTo(path))) return
  const { sizeBytes } = from
  const whole = { start: 0, end: sizeBytes }
  const body = { source: from.uncheckedStream(whole), sizeBytes, maxBytes: sizeBytes, algorithms: [] }
  const { digests } = await receive(context, body, path, 0, 'wx')
  from.assertCopied(whole, digests)
}
