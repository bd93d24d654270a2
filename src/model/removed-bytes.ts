/** The result of one step that removes bytes that are not needed any more (BlobStore.removeGone). */
export interface RemovedBytes {
  /** Staged blobs that no version or part named within a day. */
  readonly abandoned: number
  /** Deleted versions and parts whose bytes have been released. */
  readonly blobs: number
  /** Objects removed from the store that keeps the bytes. */
  readonly objects: number
  /** Whether there may be more to do at once. */
  readonly mayHaveMore: boolean
}
