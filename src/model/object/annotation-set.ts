/** All annotations of a version, as summed up in its record. */
export interface AnnotationSet {
  /** Part of the keys of their rows. A renamed version keeps it. */
  readonly id: string
  readonly count: number
  readonly sizeBytes: number
}

/** The bytes that a version adds to the usage of its bucket. */
export const usedBytes = ({
  sizeBytes,
  annotations,
}: {
  readonly sizeBytes: number
  readonly annotations?: AnnotationSet
}): number => sizeBytes + (annotations?.sizeBytes ?? 0)
