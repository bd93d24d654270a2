/** Changes by hand that a blob store finds. The store above decides about each in one commit. */
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { StagedBlob } from './incoming.ts'

export interface Foreign {
  readonly bucket: string
  readonly key: string
  /** The record of the current version, which differs from what was found; undefined if there is none. */
  readonly known: StoredVersion | undefined
  /** The record of the current version if its bytes are kept aside. What was found is another file at the same key. */
  readonly aside?: StoredVersion | undefined
  /** The bytes that are in place now; undefined if they were removed by hand. */
  readonly found: Omit<StagedBlob, 'bytes'> | undefined
  /**
   * Called inside the transaction that acts on the finding: whether nothing has changed since, which the commit checks
   * again. Unless it returns `same`, the transaction must not change anything.
   */
  confirm(transaction: Transaction): Promise<'same' | 'changed' | 'ours'>
}

/**
 * `adopted`: the index now describes what is there. `none`: there is nothing to adopt. `changed`: it has changed since
 * it was found. `ours`: one of our own writes is in progress there; it may be adopted afterwards.
 */
export type Adoption = 'adopted' | 'none' | 'changed' | 'ours'

/** The store above, which decides about findings. */
export interface BlobOwner {
  onForeign(foreign: Foreign): Promise<Adoption>
  /** Called for a bucket that was made by hand. False if it has a record, or must not get one. */
  onForeignBucket(name: string): Promise<boolean>
  /** Reads a key as a request does. Any difference from its record is reported on the way. */
  look(bucket: string, key: string): Promise<StoredVersion | undefined>
}
