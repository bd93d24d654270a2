/** Objects and bytes of current and noncurrent versions. */
export interface BucketUsage {
  readonly objectCount: number
  readonly sizeBytes: number
}
