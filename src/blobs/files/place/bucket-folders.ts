/** The folders of buckets. */
import fs from 'node:fs/promises'
import type { BucketBlobs } from '#blobs/contract/bucket-blobs.ts'
import type { FilesContext } from '#blobs/files/context.ts'
import { lstatSafely } from '#blobs/files/io/file-operations.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { asStorageError, isForbidden } from '#metadata/storage-error.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'
import { hasForeignFiles, removeEmptyFolders } from './bucket-folder.ts'
import { mayReplaceFile } from './folder-access.ts'

/** After this time, a process that was removing a folder counts as dead. */
const removalMs = 60_000

export class BucketFolders implements BucketBlobs {
  readonly #context: FilesContext

  constructor(context: FilesContext) {
    this.#context = context
  }

  async assertFree(name: string): Promise<void> {
    const stats = await fs.lstat(this.#path(name)).catch(() => undefined)
    if (stats !== undefined && !stats.isDirectory()) throw occupied(name)
  }

  /** Call after the bucket's record is written: a folder without a record would be adopted as a new bucket. */
  async make(name: string): Promise<void> {
    try {
      await fs.mkdir(this.#path(name), { recursive: true })
    } catch (error) {
      throw asFolderError(error, name)
    }
  }

  isForeign(name: string): boolean {
    return lstatSafely(this.#path(name))?.isDirectory() === true
  }

  /**
   * The record of a deleted bucket is removed before its folder. Its mark distinguishes such a folder from one that was
   * created by hand.
   */
  async confirmForeign(transaction: Transaction, name: string): Promise<boolean> {
    const mark = await transaction.get(rowKey('f', name))
    if (mark !== undefined && this.#context.clock.nowMs() - decodeJson<number>(mark) < removalMs) return false
    const stats = await fs.lstat(this.#path(name)).catch(() => undefined)
    return stats?.isDirectory() === true
  }

  hasForeign(name: string): Promise<boolean> {
    return hasForeignFiles(this.#context, name)
  }

  recordRemoval(transaction: Transaction, name: string): void {
    transaction.put(rowKey('f', name), encodeJson(this.#context.clock.nowMs()))
  }

  async remove(name: string): Promise<ApiError | undefined> {
    if (await removeEmptyFolders(Buffer.from(this.#path(name)))) {
      await this.keep(name)
      return undefined
    }
    // A file was added in the last moment, or the folder cannot be removed.
    if (!mayReplaceFile(this.#path(name))) return notPermitted()
    return new ApiError('BucketNotEmpty', { fields: { BucketName: name } })
  }

  async keep(name: string): Promise<void> {
    await this.#context.engine.commit({ checks: [], writes: [{ key: rowKey('f', name), value: undefined }] })
  }

  #path(name: string): string {
    return this.#context.layout.bucket(name)
  }
}

function asFolderError(error: unknown, name: string): unknown {
  if (hasCode(error, 'EEXIST', 'ENOTDIR')) return occupied(name)
  return isForbidden(error) ? notPermitted(error) : asStorageError(error)
}

/** For a file or a symbolic link with the folder's name. */
const occupied = (name: string) => new ApiError('BucketAlreadyExists', { fields: { BucketName: name } })

const notPermitted = (cause?: unknown) =>
  new ApiError('AccessDenied', {
    message: 'The server is not permitted to make or remove the folder of this bucket on its disk.',
    cause,
  })
