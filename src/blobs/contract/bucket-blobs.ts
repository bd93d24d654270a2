import type { Transaction } from '#metadata/transact.ts'
import type { ApiError } from '#model/errors.ts'

/** What a bucket is beside its row: a folder, or nothing. */
export interface BucketBlobs {
  /** In the transaction that makes the bucket. BucketAlreadyExists if something else has its name. */
  assertFree(name: string): Promise<void>
  /** After that commit. */
  make(name: string): Promise<void>
  /** Whether it was made by hand and has no record. */
  isForeign(name: string): boolean
  /** The same inside the transaction that adopts it. One that is about to go with its bucket is none. */
  confirmForeign(transaction: Transaction, name: string): Promise<boolean>
  /** Whether there is anything in it that no record knows. */
  hasForeign(name: string): Promise<boolean>
  /** In the transaction that removes the bucket. */
  recordRemoval(transaction: Transaction, name: string): void
  /** After that commit. Why it could not be removed; then `keep` is called once the bucket has its record again. */
  remove(name: string): Promise<ApiError | undefined>
  keep(name: string): Promise<void>
}
