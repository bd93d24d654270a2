/** Bodies on their way in (DESIGN §5, step 1): small ones stay in memory and become a file at once, large ones stream. */
import fs from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { signatureOf, tryToRemove, writeSmallFile } from '#blobs/files/io/file-operations.ts'
import { ingest } from '#blobs/files/io/ingest.ts'
import { asStorageError, volumeFull } from '#blobs/files/storage-error.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { ChecksumAlgorithm, FileSignature } from '#model/object.ts'
import type { StoreContext } from '#store/context.ts'
import type { FileStretch, IncomingBody, OpenObject, Staged } from '#store/contract.ts'

export interface StagedFile extends Staged {
  readonly fileId: string
  readonly signature: FileSignature
  /** Of a small body: also in the commit. */
  readonly bytes: Buffer | undefined
}

type Digests = Map<ChecksumAlgorithm, Buffer>

export function algorithmsFor(asked: readonly ChecksumAlgorithm[]): ChecksumAlgorithm[] {
  const algorithms: ChecksumAlgorithm[] = ['MD5', 'CRC64NVME']
  for (const algorithm of asked) if (!algorithms.includes(algorithm)) algorithms.push(algorithm)
  return algorithms
}

export async function stage(context: StoreContext, body: IncomingBody): Promise<StagedFile> {
  const { sizeBytes, maxBytes } = body
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes)
  assertRoom(context, sizeBytes)
  if (sizeBytes !== undefined && sizeBytes <= limits.inlineBytes) {
    return stageBytes(context, await readSmall(body.source, sizeBytes), body.algorithms)
  }
  return stageStream(context, body)
}

/** Room is kept for deletes: what brings more bytes is refused before it would need that. */
export function assertRoom({ reserve }: StoreContext, sizeBytes = 0): void {
  if (!reserve.hasRoomFor(sizeBytes)) throw volumeFull()
}

function stageBytes(context: StoreContext, bytes: Buffer, asked: readonly ChecksumAlgorithm[]): StagedFile {
  const digests: Digests = digestOnce(algorithmsFor(asked), bytes)
  const spare = context.spares.take(bytes.length)
  const fileId = spare?.fileId ?? context.staging.newFileId()
  try {
    const signature = writeSmallFile(context.layout.staging(fileId), bytes, { oldBytes: spare?.sizeBytes })
    return { fileId, sizeBytes: bytes.length, digests, signature, bytes }
  } catch (error) {
    throw asStorageError(error)
  }
}

async function stageStream(context: StoreContext, body: IncomingBody): Promise<StagedFile> {
  const fileId = context.staging.newFileId()
  const path = context.layout.staging(fileId)
  try {
    const received = await receive(context, body, path, 0, 'wx')
    if (context.durability !== 'none') await context.staging.sync()
    return { fileId, ...received, bytes: undefined }
  } catch (error) {
    tryToRemove(path)
    throw asStorageError(error)
  }
}

/** Streams a body into a file at an offset; durable when it resolves, but in `none`. */
export async function receive(
  context: StoreContext,
  body: IncomingBody,
  path: string,
  offset: number,
  flags: 'wx' | 'r+',
): Promise<{ sizeBytes: number; digests: Digests; signature: FileSignature }> {
  const { sizeBytes, maxBytes } = body
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes)
  try {
    const file = await open(path, flags)
    try {
      const target = { fd: file.fd, offset }
      const received = await ingest(body.source, target, { names: algorithmsFor(body.algorithms), sizeBytes, maxBytes })
      if (context.durability !== 'none') await file.datasync()
      return { ...received, signature: signatureOf(await file.stat()) }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw asStorageError(error)
  }
}

/** A copy with its own digests, by way of the same stream that uploads take. */
export async function stageCopy(
  context: StoreContext,
  source: OpenObject,
  range: { start: number; end: number },
  algorithms: readonly ChecksumAlgorithm[],
): Promise<StagedFile> {
  const content = source.content(range.start, range.end)
  if (Buffer.isBuffer(content)) {
    assertRoom(context, content.length)
    return stageBytes(context, content, algorithms)
  }
  const sizeBytes = range.end - range.start
  try {
    const body = { source: readStretch(content), sizeBytes, maxBytes: sizeBytes, algorithms }
    const staged = await stage(context, body)
    try {
      checkCopy(source, content, staged)
    } catch (error) {
      discardStaged(context, staged)
      throw error
    }
    return staged
  } catch (error) {
    throw asCopyError(error)
  } finally {
    content.close()
  }
}

/** Throws if the source has been changed meanwhile, or is all of an object that a disk has damaged. */
export function checkCopy(source: OpenObject, { check, start, end }: FileStretch, { digests }: Staged): void {
  check.assertSame(undefined)
  if (start === 0 && end === source.version.sizeBytes) source.assertCopied(digests)
}

/** `destroy` closes a descriptor even with `autoClose: false`: it may be another file's by the time its owner closes it. */
const withoutClosing = {
  open: fs.open,
  read: fs.read,
  close: (_fd: number, done: (error: NodeJS.ErrnoException | null) => void) => done(null),
}

/** A stream over an open file; closing stays with the owner of the descriptor. */
export function readStretch(stretch: { fd: number; start: number; end: number }): Readable {
  return fs.createReadStream('', {
    fd: stretch.fd,
    start: stretch.start,
    end: stretch.end - 1,
    autoClose: false,
    fs: withoutClosing,
    highWaterMark: 1024 * 1024,
  })
}

export function discardStaged(context: StoreContext, staged: Staged): void {
  discardFile(context, (staged as StagedFile).fileId)
}

/** Never throws, so that the error that led here is the one told; what is left is removed at the next start. */
export function discardFile(context: StoreContext, fileId: string): void {
  tryToRemove(context.layout.staging(fileId))
}

function readSmall(source: Readable, sizeBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (source.destroyed && !source.readableEnded) {
      reject(source.errored ?? new ApiError('IncompleteBody'))
      return
    }
    const chunks: Buffer[] = []
    let received = 0
    source.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      received += chunk.length
      if (received > sizeBytes) source.destroy(new ApiError('IncompleteBody'))
    })
    source.once('end', () => {
      if (received !== sizeBytes) reject(new ApiError('IncompleteBody'))
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
    })
    source.once('error', (error) =>
      reject(error instanceof ApiError ? error : new ApiError('IncompleteBody', { cause: error })),
    )
    source.once('close', () => {
      if (!source.readableEnded) reject(new ApiError('IncompleteBody'))
    })
  })
}

function tooLarge(proposed: number, maximum: number): ApiError {
  return new ApiError('EntityTooLarge', { fields: { ProposedSize: proposed, MaxSizeAllowed: maximum } })
}

/** A copy has no client that could break a body off: it was our own file that could not be read. */
export function asCopyError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.code !== 'IncompleteBody') return error
  return asStorageError(error.cause ?? new Error('a file ended before its record says'))
}
