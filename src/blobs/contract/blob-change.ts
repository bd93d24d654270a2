/** What a commit does to the bytes of a key. */
import type { BlobRef } from '#metadata/blob-ref.ts'

export interface BlobChange {
  readonly bucket: string
  readonly key: string
  /** Sorts changes of the key, newest first. Of an arrival: the new version's own. */
  readonly order: string
  /** The version that is new at this key. */
  readonly arrived: Arrival | undefined
  /** Versions that have become current, or ceased to be, in the order in which they make room. */
  readonly moved: readonly MovedBlob[]
  /** Versions kept aside that stay where they are, and whose lock has changed. */
  readonly relocked: readonly RelockedBlob[]
  /** Of versions that are no more. */
  readonly gone: readonly GoneBlob[]
}

export interface Arrival {
  readonly ref: BlobRef
  /** As they were staged. */
  readonly bytes?: Buffer | undefined
  /** The upload of which it was completed. */
  readonly uploadId?: string | undefined
  /** Where it was until now. */
  readonly renamedFrom?: { readonly key: string; readonly order: string; readonly ref: BlobRef } | undefined
  /** Its bytes are in their place already: they were put there by hand. */
  readonly isInPlace?: boolean
}

export interface GoneBlob {
  readonly order: string
  readonly ref: BlobRef
}

export interface RelockedBlob {
  readonly order: string
  readonly ref: BlobRef
}

export interface MovedBlob {
  readonly order: string
  readonly from: BlobRef
  readonly to: BlobRef
}

/** Thrown by `record` where bytes of this version are on their way still: it has to be settled (`settleArriving`), and the transaction begun again. */
export class NotSettled extends Error {
  readonly bucket: string
  readonly key: string
  readonly order: string

  constructor(bucket: string, key: string, order: string) {
    super(`the bytes of ${bucket}/${key} are not in their place yet`)
    this.bucket = bucket
    this.key = key
    this.order = order
  }
}
