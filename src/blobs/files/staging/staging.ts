/** Receives bodies: a small body stays in memory and is written at once, a large one is streamed to its file. */
import { open } from 'node:fs/promises'
import { copyFrom } from '#blobs/contract/copy-from.ts'
import { algorithmsFor, type ByteRange, type IncomingBody, type StagedBlob } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { signatureOf, tryToRemove, writeSmallFile } from '#blobs/files/io/file-operations.ts'
import { type FileSignature, fileRef } from '#blobs/files/place/file-ref.ts'
import { fileTarget, ingest } from '#blobs/io/ingest.ts'
import { assertNotTooLarge, readSmall } from '#blobs/read-body.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import { asStorageError, volumeFull } from '#metadata/storage-error.ts'
import { limits } from '#model/limits.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'

type Digests = Map<ChecksumAlgorithm, Buffer>

export async function stage(context: FilesContext, body: IncomingBody): Promise<StagedBlob> {
  const { sizeBytes } = body
  assertNotTooLarge(body)
  assertRoom(context, sizeBytes)
  if (sizeBytes !== undefined && sizeBytes <= limits.inlineBytes) {
    return stageBytes(context, await readSmall(body.source, sizeBytes), body)
  }
  return stageStream(context, body)
}

/** Keeps a reserve of disk space for deletes: refuses a write that would need it. */
export function assertRoom({ reserve }: FilesContext, sizeBytes = 0): void {
  if (!reserve.hasRoomFor(sizeBytes)) throw volumeFull()
}

export function stageBytes(
  context: FilesContext,
  bytes: Buffer,
  wanted: Pick<IncomingBody, 'algorithms' | 'isSealed'>,
): StagedBlob {
  const digests: Digests = digestOnce(algorithmsFor(wanted), bytes)
  return { ref: writeStaged(context, bytes), sizeBytes: bytes.length, digests, bytes }
}

/** Writes a small file to staging. */
export function writeStaged(context: FilesContext, bytes: Buffer): BlobRef {
  const spare = context.spares.take(bytes.length)
  const fileId = spare?.fileId ?? context.staging.newFileId()
  try {
    const signature = writeSmallFile(context.layout.staging(fileId), bytes, { oldBytes: spare?.sizeBytes })
    return fileRef(fileId, 'plain', signature)
  } catch (error) {
    throw asStorageError(error)
  }
}

async function stageStream(context: FilesContext, body: IncomingBody): Promise<StagedBlob> {
  const fileId = context.staging.newFileId()
  const path = context.layout.staging(fileId)
  try {
    const { sizeBytes, digests, signature } = await receive(context, body, path, 0, 'wx')
    if (context.durability !== 'none') await context.staging.sync()
    return { ref: fileRef(fileId, 'plain', signature), sizeBytes, digests, bytes: undefined }
  } catch (error) {
    tryToRemove(path)
    throw asStorageError(error)
  }
}

/** Streams a body into a file at an offset. Durable when it resolves, except with durability `none`. */
export async function receive(
  context: FilesContext,
  body: IncomingBody,
  path: string,
  offset: number,
  flags: 'wx' | 'r+',
): Promise<{ sizeBytes: number; digests: Digests; signature: FileSignature }> {
  const { sizeBytes, maxBytes } = body
  assertNotTooLarge(body)
  try {
    const file = await open(path, flags)
    try {
      const target = fileTarget(file.fd, offset)
      const received = await ingest(body.source, target, { names: algorithmsFor(body), sizeBytes, maxBytes })
      if (context.durability !== 'none') await file.datasync()
      return { ...received, signature: signatureOf(await file.stat()) }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw asStorageError(error)
  }
}

/** Copies through the same stream as uploads, with digests of its own. */
export async function stageCopy(
  context: FilesContext,
  from: OpenBlob,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<StagedBlob> {
  const bytes = from.bytes(range)
  if (bytes !== undefined) {
    from.close()
    assertRoom(context, bytes.length)
    return stageBytes(context, bytes, { algorithms })
  }
  return copyFrom(
    from,
    range,
    algorithms,
    (body) => stage(context, body),
    (staged) => discardFile(context, staged.ref.id),
  )
}

/** Never throws, so that the original error is reported. The next start removes what is left. */
export function discardFile(context: FilesContext, fileId: string): void {
  tryToRemove(context.layout.staging(fileId))
}
