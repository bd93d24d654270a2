/** All annotations of a version, as its record sums them up. */
export interface AnnotationSet {
  /** Names their rows. A renamed version keeps it. */
  readonly id: string
  readonly count: number
  readonly sizeBytes: number
}

/** What a version counts for in the usage of its bucket. */
export const usedBytes = ({
  sizeBytes,
  annotations,
}: {
  readonly sizeBytes: number
  readonly annotations?: AnnotationSet
}): number => sizeBytes + (annotations?.sizeBytes ?? 0)
