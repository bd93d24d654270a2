/**
 * The place of a version's bytes, in the format of the blob store that keeps them (blobs/contract/). The index stores
 * it without reading it: two kinds of store may use the same numbers for different things.
 */
export interface BlobRef {
  /**
   * An id of the bytes for as long as they exist, wherever they are kept. Empty if there are none, as for a delete
   * marker.
   */
  readonly id: string
  /** The number of stored bytes. */
  readonly sizeBytes: number
  /** How they are kept: 0, 1 or 2. */
  readonly kind: number
  /**
   * Two numbers that identify the stored bytes. They are at fixed offsets of the row, since every read compares them.
   */
  readonly stamp: number
  readonly secondStamp: number
  /**
   * The bytes are still being moved to their place: the version must not be replaced, moved or removed before its key
   * is settled.
   */
  readonly isArriving?: true
  /** The bytes must not be where people can change them: they are kept aside, whatever the key. */
  readonly aside?: AsideReason
  /** Further data of the blob store, as JSON. */
  readonly detail?: unknown
}

/** `sealed`: they are encrypted. `locked`: nothing may change or remove them. */
export type AsideReason = 'sealed' | 'locked'

export const noBlob: BlobRef = Object.freeze({ id: '', sizeBytes: 0, kind: 1, stamp: 0, secondStamp: 0 })
