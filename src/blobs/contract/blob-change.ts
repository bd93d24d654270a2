/** The effects of a commit on the bytes of a key. */
import type { BlobRef } from '#metadata/blob-ref.ts'

export interface BlobChange {
  readonly bucket: string
  readonly key: string
  /** Sorts the changes of a key, newest first. For a new version it is the version's own order. */
  readonly order: string
  /** The new version of this key. */
  readonly arrived: Arrival | undefined
  /** Versions that have become current or noncurrent, in the order in which they are moved. */
  readonly moved: readonly MovedBlob[]
  /** Locked versions that stay in place and get another lock. */
  readonly relocked: readonly RelockedBlob[]
  /** Versions that were removed. */
  readonly gone: readonly GoneBlob[]
}

export interface Arrival {
  readonly ref: BlobRef
  /** The bytes as they were staged. */
  readonly bytes?: Buffer | undefined
  /** The upload that was completed. */
  readonly uploadId?: string | undefined
  /** The key and order that it had until now. */
  readonly renamedFrom?: { readonly key: string; readonly order: string; readonly ref: BlobRef } | undefined
  /** Its bytes are in place already: a person put them there. */
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

/**
 * Thrown by `record` while bytes of this version are still being moved. The caller has to settle it (`settleArriving`)
 * and begin the transaction again.
 */
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
