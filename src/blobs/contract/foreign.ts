/** What a blob store finds that it has not been given: changes by hand. The store above decides, in one commit, what becomes of it. */
import type { Transaction } from '#metadata/transact.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import type { StagedBlob } from './incoming.ts'

export interface Foreign {
  readonly bucket: string
  readonly key: string
  /** The current version's record, which it does not fit; undefined: there is none. */
  readonly known: StoredVersion | undefined
  /** The current version's record where its bytes are kept aside: what is found is another beside it. */
  readonly aside?: StoredVersion | undefined
  /** What is there now, in its place; undefined: nothing, it was removed by hand. */
  readonly found: Omit<StagedBlob, 'bytes'> | undefined
  /**
   * To be asked inside the transaction that acts on it: whether all is as it was found, which the commit checks again. With anything but
   * `same` the transaction is to change nothing.
   */
  confirm(transaction: Transaction): Promise<'same' | 'changed' | 'ours'>
}

/**
 * `adopted`: the index says now what is there. `none`: there is nothing to adopt. `changed`: it is not what was looked at any more.
 * `ours`: a write of ours is under way there; it may be adopted when that is done.
 */
export type Adoption = 'adopted' | 'none' | 'changed' | 'ours'

/** The store above. */
export interface BlobOwner {
  onForeign(foreign: Foreign): Promise<Adoption>
  /** A bucket that was made by hand. False if it has a record, or is to have none. */
  onForeignBucket(name: string): Promise<boolean>
  /** Reads a key as a request does: whatever is different from its record is told on the way. */
  look(bucket: string, key: string): Promise<StoredVersion | undefined>
}
