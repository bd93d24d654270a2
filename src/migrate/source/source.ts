/** What an import asks of the store that it takes objects from. */
import type { Readable } from 'node:stream'
import type { Checksum, ObjectHeaders } from '#model/object/object.ts'
import type { RequestedLock } from '#objects/versions/lock-object.ts'
import type { ImportedAnnotation } from '#store/annotations/contract.ts'
import type { SourceSetting } from './setting-name.ts'

/** A version as a listing tells it. */
export interface SourceVersion {
  readonly key: string
  /** Undefined where the source has no versions. */
  readonly versionId: string | undefined
  readonly isDeleteMarker: boolean
  /** No quotes. */
  readonly etag: string
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

/** All versions of a key, oldest first. */
export interface History {
  readonly key: string
  readonly versions: readonly SourceVersion[]
}

/** What is said of a version beside its bytes. */
export interface Description {
  readonly headers: ObjectHeaders
  readonly userMetadata: Readonly<Record<string, string>>
  readonly storageClass: string | undefined
  readonly websiteRedirectLocation: string | undefined
  readonly encryption: string | undefined
  /** Undefined: the source does not say. */
  readonly tagCount: number | undefined
  readonly checksum: Checksum | undefined
  readonly lock: RequestedLock | undefined
  /** Metadata that the source cannot tell in headers. */
  readonly missingMetadata: number
}

export interface OpenSource {
  readonly description: Description
  readonly sizeBytes: number
  readonly body: Readable
}

/** Parts of a version whose ETag says that it was uploaded in parts. */
export interface SourceParts {
  readonly description: Description
  /** Undefined: the source does not tell its parts. */
  readonly partCount: number | undefined
  /** Of the first part, where the source tells its parts. */
  readonly firstBytes: number
}

/** An answer that says that there is none, or that the source does not serve it. */
export type Refusal = { readonly reason: string; readonly isUnserved: boolean }

export interface Source {
  listBuckets(): Promise<string[]>
  /** `withVersions`: older versions and delete markers too. In the order of keys. */
  histories(bucket: string, options: { prefix: string; withVersions: boolean }): AsyncIterable<History>
  open(bucket: string, version: SourceVersion): Promise<OpenSource>
  describeParts(bucket: string, version: SourceVersion): Promise<SourceParts>
  openPart(bucket: string, version: SourceVersion, part: number | { start: number; end: number }): Promise<OpenSource>
  /** Refusal where they cannot be read. */
  tags(bucket: string, version: SourceVersion): Promise<Readonly<Record<string, string>> | Refusal>
  /** Undefined: it has none. */
  annotations(bucket: string, version: SourceVersion): Promise<AsyncIterable<ImportedAnnotation> | Refusal | undefined>
  /** The document of a bucket setting as the source answers it; undefined: it has none. */
  setting(bucket: string, name: SourceSetting): Promise<Buffer | undefined | Refusal>
  close(): void
}

export const isRefusal = (answer: unknown): answer is Refusal =>
  typeof answer === 'object' && answer !== null && 'isUnserved' in answer
