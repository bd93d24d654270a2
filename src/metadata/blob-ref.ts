/**
 * Where the bytes of a version are, in the words of the blob store that keeps them (blobs/contract.ts). The index stores it and does not
 * read it: two kinds of store may use the same numbers for different things.
 */
export interface BlobRef {
  /** Names the bytes as long as they exist, wherever they are kept. Empty: there are none, as of a delete marker. */
  readonly id: string
  /** How many bytes are kept. */
  readonly sizeBytes: number
  /** How they are kept: 0, 1 or 2. */
  readonly kind: number
  /** Two numbers by which the store knows the bytes again; at fixed offsets of the row, since every read compares them. */
  readonly stamp: number
  readonly secondStamp: number
  /** The bytes are on their way to where they are to stay: nothing may replace, move or remove the version before its key is settled. */
  readonly isArriving?: true
  /** The bytes may not be where a hand changes them: they are kept aside, whatever the key. */
  readonly aside?: AsideReason
  /** Whatever else the store has to remember, as JSON. */
  readonly detail?: unknown
}

/** `sealed`: they are encrypted. `locked`: nothing may change or remove them. */
export type AsideReason = 'sealed' | 'locked'

export const noBlob: BlobRef = Object.freeze({ id: '', sizeBytes: 0, kind: 1, stamp: 0, secondStamp: 0 })
