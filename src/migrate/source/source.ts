/** What an import reads from the source. */
import type { Readable } from 'node:stream'
import type { Checksum, ObjectHeaders } from '#model/object/object.ts'
import type { RequestedLock } from '#objects/versions/lock-object.ts'
import type { ImportedAnnotation } from '#store/annotations/contract.ts'
import type { SourceSetting } from './setting-name.ts'

/** A version as it is listed. */
export interface SourceVersion {
  readonly key: string
  /** Undefined if the source has no versions. */
  readonly versionId: string | undefined
  readonly isDeleteMarker: boolean
  /** Without quotes. */
  readonly etag: string
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

/** All versions of a key, oldest first. */
export interface History {
  readonly key: string
  readonly versions: readonly SourceVersion[]
}

/** Everything about a version except its bytes. */
export interface Description {
  readonly headers: ObjectHeaders
  readonly userMetadata: Readonly<Record<string, string>>
  readonly storageClass: string | undefined
  readonly websiteRedirectLocation: string | undefined
  readonly encryption: string | undefined
  /** Undefined: the source does not report it. */
  readonly tagCount: number | undefined
  readonly checksum: Checksum | undefined
  readonly lock: RequestedLock | undefined
  /** The number of metadata entries that the source cannot send as headers. */
  readonly missingMetadata: number
}

export interface OpenSource {
  readonly description: Description
  readonly sizeBytes: number
  readonly body: Readable
}

/** Parts of a version that was uploaded in parts, as its ETag says. */
export interface SourceParts {
  readonly description: Description
  /** Undefined: the source does not report parts. */
  readonly partCount: number | undefined
  /** The size of the first part, if the source reports parts. */
  readonly firstBytes: number
}

/** The source has none, or does not support it. */
export type Refusal = { readonly reason: string; readonly isUnserved: boolean }

export interface Source {
  listBuckets(): Promise<string[]>
  /** In the order of keys. `withVersions`: with older versions and delete markers. */
  histories(bucket: string, options: { prefix: string; withVersions: boolean }): AsyncIterable<History>
  open(bucket: string, version: SourceVersion): Promise<OpenSource>
  describeParts(bucket: string, version: SourceVersion): Promise<SourceParts>
  openPart(bucket: string, version: SourceVersion, part: number | { start: number; end: number }): Promise<OpenSource>
  /** Refusal if they cannot be read. */
  tags(bucket: string, version: SourceVersion): Promise<Readonly<Record<string, string>> | Refusal>
  /** Undefined: the version has none. */
  annotations(bucket: string, version: SourceVersion): Promise<AsyncIterable<ImportedAnnotation> | Refusal | undefined>
  /** The document of a bucket setting as the source answers it; undefined: not set. */
  setting(bucket: string, name: SourceSetting): Promise<Buffer | undefined | Refusal>
  close(): void
}

export const isRefusal = (answer: unknown): answer is Refusal =>
  typeof answer === 'object' && answer !== null && 'isUnserved' in answer
