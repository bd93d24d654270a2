/** The store's interface for annotations. They are encrypted with the data keys of an encrypted version. */
import type { Staged } from '#blobs/contract/incoming.ts'
import type { Annotation } from '#model/object/annotation.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { DataKeys, Sealing } from '#model/object/encryption.ts'
import type { Checksum, ChecksumAlgorithm, ObjectVersion } from '#model/object/object.ts'
import type { Origin } from '#model/origin.ts'

/** The bytes of an annotation, received and hashed. */
export interface StagedAnnotation extends Staged {
  readonly bytes: Buffer
}

/** An annotation that was created elsewhere. */
export interface ImportedAnnotation {
  readonly name: string
  readonly bytes: Buffer
  readonly modifiedAtMs: number
  /** The algorithm of its checksum. */
  readonly algorithm: ChecksumAlgorithm
}

export interface AnnotationChange {
  readonly bucket: string
  readonly version: ObjectVersion
  readonly name: string
  /** The ETag that the object must have. */
  readonly objectIfMatch?: string | undefined
  readonly origin?: Origin | undefined
}

/**
 * `version` was read before. Methods that change it return undefined if it was removed meanwhile, and throw
 * AccessDenied while it is protected.
 */
export interface AnnotationStore {
  /** AnnotationLimitExceeded, PreconditionFailed, QuotaExceeded. */
  putAnnotation(
    put: AnnotationChange & { staged: StagedAnnotation; checksum: Checksum; dataKeys?: DataKeys | undefined },
  ): Promise<Annotation | undefined>
  /**
   * PreconditionFailed. Succeeds also if there is none. `passesGovernance`: the caller requested to bypass governance
   * mode, and may do so.
   */
  deleteAnnotation(remove: AnnotationChange & { passesGovernance: boolean }): Promise<true | undefined>
  /** Undefined if there is none of this name. */
  readAnnotation(
    version: ObjectVersion,
    name: string,
    dataKeys?: DataKeys,
  ): Promise<{ annotation: Annotation; bytes: Buffer } | undefined>
  listAnnotations(
    version: ObjectVersion,
    page: { prefix: string; after: string; limit: number },
  ): Promise<{ annotations: Annotation[]; next: string | undefined }>
  /**
   * Copies those of a version for a copy with this encryption: `putObject` takes the result. Undefined if it has none.
   */
  copyAnnotations(
    version: ObjectVersion,
    keys: { dataKeys?: DataKeys | undefined; sealing?: Sealing | undefined },
  ): Promise<AnnotationSet | undefined>
  /**
   * Those of a version that is being imported, for `putObject` or `completeUpload` to take over. Undefined: there are
   * none.
   */
  importAnnotations(
    annotations: AsyncIterable<ImportedAnnotation>,
    sealing: Sealing | undefined,
  ): Promise<AnnotationSet | undefined>
  /** A set that nothing has taken over. Never throws. */
  discardAnnotations(set: AnnotationSet): void
}
