import type { Transaction } from '#metadata/transact.ts'
import type { ApiError } from '#model/errors.ts'

/** A bucket in the blob store: a folder, or nothing. */
export interface BucketBlobs {
  /** In the transaction that creates the bucket. BucketAlreadyExists if something else has its name. */
  assertFree(name: string): Promise<void>
  /** After that commit. */
  make(name: string): Promise<void>
  /** Whether a person made it, so that it has no record. */
  isForeign(name: string): boolean
  /**
   * The same inside the transaction that adopts it. A folder that is about to be removed with its bucket does not
   * count.
   */
  confirmForeign(transaction: Transaction, name: string): Promise<boolean>
  /** Whether there is anything in it without a record. */
  hasForeign(name: string): Promise<boolean>
  /** In the transaction that removes the bucket. */
  recordRemoval(transaction: Transaction, name: string): void
  /**
   * After that commit. Returns why it could not be removed; then `keep` is called once the bucket has its record again.
   */
  remove(name: string): Promise<ApiError | undefined>
  keep(name: string): Promise<void>
}
