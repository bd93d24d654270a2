/** Objects and bytes of current and non-current versions. */
export interface BucketUsage {
  readonly objectCount: number
  readonly sizeBytes: number
}
