/** What one step of removing bytes that nothing needs has done (BlobStore.removeGone). */
export interface RemovedBytes {
  /** Uploads that no version or part came to own within a day. */
  readonly abandoned: number
  /** Deleted versions and parts whose bytes have been let go. */
  readonly blobs: number
  /** Objects removed from where the bytes are kept. */
  readonly objects: number
  /** There may be more to do at once. */
  readonly mayHaveMore: boolean
}
