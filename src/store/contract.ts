/**
 * The interface of storage for the edges. Every method is one transaction, or none. Errors are ApiError with AWS's
 * codes. `origin` is the requester of a change; without it the change is the server's own.
 * Keys and bucket names are canonical and checked by the caller (`assertKey`, `assertBucketName`).
 */
import type { ServerResponse } from 'node:http'
import type { RemovalRun, Whereabouts } from '#blobs/contract/blob-store.ts'
import type { IncomingBody, Staged, StagedPart } from '#blobs/contract/incoming.ts'
import type { Bytes } from '#metadata/engine.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { BucketSettings, SettingName } from '#model/bucket/bucket-settings.ts'
import type { BucketUsage } from '#model/bucket/usage.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { DataKeys, ObjectEncryption, Sealing } from '#model/object/encryption.ts'
import type { Imported } from '#model/object/imported.ts'
import type { RequestedPart, Upload, UploadedPart } from '#model/object/multipart/upload.ts'
import type {
  Checksum,
  ChecksumAlgorithm,
  ChecksumType,
  ObjectAttributes,
  ObjectPart,
  ObjectVersion,
} from '#model/object/object.ts'
import type { Origin } from '#model/origin.ts'
import type { RemovedBytes } from '#model/removed-bytes.ts'
import type { DamagedVersion, WorkStatus } from '#model/work-status.ts'
import type { AnnotationStore } from './annotations/contract.ts'

export type { IncomingBody, Staged, StagedPart }

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html Etags without quotes; `*` as it is. */
export interface WriteConditions {
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
}

export interface DeleteConditions {
  readonly ifMatch?: string
  readonly ifMatchSizeBytes?: number
  /** Whole seconds, as HTTP dates are. */
  readonly ifMatchLastModifiedMs?: number
}

export interface PutObject {
  readonly bucket: Bucket
  readonly key: string
  readonly staged: Staged
  readonly attributes: ObjectAttributes
  readonly checksum: Checksum
  readonly conditions: WriteConditions
  readonly origin?: Origin | undefined
  /** If it is not PutObject. */
  readonly cause?: 'Put' | 'Post' | 'Copy'
  /** From `copyAnnotations`. */
  readonly annotations?: AnnotationSet | undefined
  readonly imported?: Imported | undefined
}

/** A change of the attributes of an existing version. */
export interface VersionEdit {
  /** Undefined if there is nothing to change. `nowMs`: the store's time. */
  change(version: ObjectVersion, nowMs: number): ObjectVersion | undefined
  readonly origin?: Origin | undefined
  /** If the change is not one of tags or an ACL. */
  readonly cause?: 'PutRetention' | undefined
  /** Whether the caller requested to bypass governance mode, and may do so. */
  readonly passesGovernance?: boolean | undefined
}

/** New wrappings of the same data keys. OperationAborted if the stored ones are not `from` any more. */
export interface Rewrap {
  readonly from: ObjectEncryption
  readonly to: ObjectEncryption
}

export interface DeletedObject {
  /** The deleted version, or the new delete marker; undefined in a bucket that was never versioned. */
  readonly versionId: string | undefined
  readonly isDeleteMarker: boolean
}

/** A range of an open object: either bytes, or a stretch to be sent or read piece by piece. */
export type Content = Buffer | Stretch

export interface Stretch {
  readonly sizeBytes: number
  /** OpenBlob's `send`. */
  send(response: ServerResponse, writeHead?: () => void): Promise<void>
  /** Throws before the last piece if the bytes are not those of the object. */
  pieces(): AsyncIterable<Buffer>
  /** Must be called once, when sent or given up. */
  close(): void
}

/** An open version. Its bytes are verified to be its own when it is opened, and stay so until it is closed. */
export interface OpenObject {
  readonly version: ObjectVersion
  /**
   * Must be called first if the version has an `encryption`. InternalError if its bytes were not encrypted with these
   * keys.
   */
  unseal(dataKeys: DataKeys): Promise<void>
  /** Bytes start <= i < end. At most once; takes over closing. */
  content(start: number, end: number): Content
  /** Needed only if `content` was not called. */
  close(): void
}

export interface ListQuery {
  readonly bucket: string
  readonly prefix: string
  readonly delimiter: string
  /** At most this many entries and common prefixes together. */
  readonly limit: number
}

export interface ObjectQuery extends ListQuery {
  readonly after: string
  /** If `after` is in a common prefix, it means the whole of it, as markers do: none of its keys is listed. */
  readonly isMarker?: boolean
}

export interface ListedObject {
  readonly key: string
  readonly sizeBytes: number
  readonly etag: string
  readonly modifiedAtMs: number
  readonly storageClass: string
  readonly ownerId: string
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined
  readonly checksumType: ChecksumType | undefined
}

export interface ObjectPage {
  readonly objects: ListedObject[]
  readonly commonPrefixes: string[]
  /** Last key or common prefix on this page; present only if there is another page. Pass it as `after`. */
  readonly next: string | undefined
}

export interface ListedVersion {
  readonly version: ListedObject & { readonly versionId: string; readonly isDeleteMarker: boolean }
  readonly isLatest: boolean
}

export interface VersionPage {
  readonly versions: ListedVersion[]
  readonly commonPrefixes: string[]
  readonly next: { readonly key: string; readonly versionId: string | undefined } | undefined
}

export interface UploadPage {
  readonly uploads: Upload[]
  readonly commonPrefixes: string[]
  /** Last upload or common prefix on this page, '' where it has none. */
  readonly last: { readonly key: string; readonly uploadId: string }
  /** `last`, if there is more. */
  readonly next: { readonly key: string; readonly uploadId: string } | undefined
}

/** The position of a comparison of all versions with their records; `after` is a row in base64. */
export interface VersionPosition {
  readonly table: 'o' | 'v'
  readonly after: string | undefined
}

export interface CompareStretch {
  readonly from: VersionPosition
  readonly forMs: number
  readonly signal: AbortSignal
  /** Waits after `busyMs` of our work, so that other work gets its share. */
  readonly pace: (busyMs: number) => Promise<void>
}

export interface Compared {
  readonly versions: number
  readonly bytes: number
  /** Versions with damaged or missing bytes. */
  readonly damaged: readonly DamagedVersion[]
  /**
   * Versions that could not be read, and are not compared: their store does not answer, or they change all the time.
   */
  readonly unread: number
  /** Undefined if all versions have been compared. */
  readonly next: VersionPosition | undefined
}

/** The record of an object as it was during this request. */
export interface ReadAhead {
  readonly row: Promise<Bytes | undefined>
}

export interface Store extends AnnotationStore {
  // Buckets
  /** BucketAlreadyOwnedByYou, BucketAlreadyExists. */
  createBucket(bucket: Bucket): Promise<void>
  findBucket(name: string): Promise<Bucket | undefined>
  /**
   * Reads the record of an object in the same round trip as everything that is read in this turn. Undefined if the
   * index is on this machine.
   */
  readAhead(bucket: string, key: string): ReadAhead | undefined
  /** NoSuchBucket. */
  getBucket(name: string): Promise<Bucket>
  listBuckets(query: {
    prefix: string
    after: string
    limit: number
    ownerId?: string
    region?: string
  }): Promise<{ buckets: Bucket[]; next: string | undefined }>
  /** Applies `change` to the newest state, atomically. */
  updateBucket(name: string, change: (bucket: Bucket) => Bucket): Promise<Bucket>
  /** Undefined if the bucket has no such setting. */
  findSetting<Name extends SettingName>(bucket: Bucket, name: Name): Promise<BucketSettings[Name] | undefined>
  /** Undefined removes the setting. */
  putSetting<Name extends SettingName>(
    bucketName: string,
    name: Name,
    value: BucketSettings[Name] | undefined,
  ): Promise<void>
  /** BucketNotEmpty while any version or delete marker is left; uploads in progress are aborted. */
  deleteBucket(name: string): Promise<void>
  bucketUsage(name: string): Promise<BucketUsage>
  /**
   * QuotaExceeded if there is no room for a body of this size, of an object or of a part, before it is received. Each
   * commit checks the quota again.
   */
  assertQuota(bucket: Bucket, body: { key: string; sizeBytes: number; isPart: boolean }): Promise<void>

  // Objects
  /** EntityTooLarge, IncompleteBody (fewer or more bytes than announced). On any error nothing is left behind. */
  stage(body: IncomingBody, sealing?: Sealing): Promise<Staged>
  /** Stages a copy of bytes start <= i < end of an open object, and closes the object. */
  stageCopy(
    source: OpenObject,
    range: { start: number; end: number },
    algorithms: readonly ChecksumAlgorithm[],
    sealing?: Sealing,
  ): Promise<Staged>
  discard(staged: Staged): Promise<void>
  /**
   * PreconditionFailed, NoSuchKey (If-Match on nothing), NoSuchBucket, QuotaExceeded. Takes over `staged`, also when it
   * throws.
   */
  putObject(put: PutObject): Promise<ObjectVersion>
  /**
   * Stages all bytes of an open object followed by the body, and closes the object. Size and digests are the body's.
   * `dataKeys`: those of an encrypted object.
   */
  stageAppend(to: OpenObject, body: IncomingBody, dataKeys?: DataKeys): Promise<Staged>
  /**
   * Publishes staged bytes and new attributes as the object, if it still is `base`. InvalidWriteOffset if it has
   * another size, OperationAborted; otherwise like putObject.
   */
  putAppended(append: {
    bucket: Bucket
    key: string
    base: ObjectVersion
    staged: Staged
    conditions: WriteConditions
    origin?: Origin | undefined
  }): Promise<ObjectVersion>
  /**
   * The record as stored, delete markers included. `versionId` undefined: the current one. Files changed, added or
   * removed by hand have been adopted.
   */
  findVersion(bucket: string, key: string, versionId: string | undefined): Promise<ObjectVersion | undefined>
  /**
   * NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker by its id), with x-amz-delete-marker where AWS sends
   * it.
   */
  headObject(bucket: string, key: string, versionId: string | undefined, ahead?: ReadAhead): Promise<ObjectVersion>
  /** Like headObject. */
  openObject(bucket: string, key: string, versionId: string | undefined, ahead?: ReadAhead): Promise<OpenObject>
  /**
   * Applies `change` to the attributes of this version, atomically; its key, bytes and time stay. Undefined if it was
   * removed meanwhile, or `change` returned undefined. AccessDenied if its lock would protect less than before.
   */
  changeVersion(bucket: string, version: ObjectVersion, edit: VersionEdit): Promise<ObjectVersion | undefined>
  /**
   * Replaces the wrappings of the version's data keys: its bytes, ETag, time and all else stay. Undefined if it was
   * removed meanwhile.
   */
  rewrapVersion(
    bucket: string,
    version: ObjectVersion,
    rewrap: Rewrap,
    origin?: Origin | undefined,
  ): Promise<ObjectVersion | undefined>
  /** Parts of a multipart object in order, after part number `after`; empty for others. */
  listObjectParts(bucket: string, version: ObjectVersion, after: number, limit: number): Promise<ObjectPart[]>
  /** AccessDenied for a version that is protected. */
  deleteObject(remove: {
    bucket: Bucket
    key: string
    versionId: string | undefined
    ownerId: string
    conditions: DeleteConditions
    origin?: Origin | undefined
    /** Whether the caller requested to bypass governance mode, and may do so. */
    passesGovernance?: boolean | undefined
    /** A delete marker, made elsewhere. */
    imported?: Imported | undefined
  }): Promise<DeletedObject>
  /**
   * Moves the current version to another key in one commit. `sourceConditions` and `conditions` are like those of reads
   * and writes. AccessDenied while the version is protected.
   */
  renameObject(rename: {
    bucket: Bucket
    from: string
    to: string
    sourceConditions: WriteConditions
    conditions: WriteConditions
    /** For an encrypted version with wrappings that are bound to its key. */
    rewrap?: Rewrap | undefined
    origin?: Origin | undefined
  }): Promise<ObjectVersion>
  listObjects(query: ObjectQuery): Promise<ObjectPage>
  listVersions(query: ListQuery & { keyMarker: string; versionIdMarker: string | undefined }): Promise<VersionPage>

  // Multipart uploads
  createUpload(upload: Omit<Upload, 'uploadId' | 'initiatedAtMs'>): Promise<Upload>
  /** NoSuchUpload. */
  getUpload(bucket: string, key: string, uploadId: string): Promise<Upload>
  /** InvalidArgument for an `uploadIdMarker` that is not an id, or belongs to an upload to another key. */
  listUploads(query: ListQuery & { keyMarker: string; uploadIdMarker: string }): Promise<UploadPage>
  /** `dataKeys`: those of the upload's `encryption`, if it has one. */
  stagePart(upload: Upload, partNumber: number, body: IncomingBody, dataKeys?: DataKeys): Promise<StagedPart>
  stagePartCopy(
    upload: Upload,
    partNumber: number,
    source: OpenObject,
    range: { start: number; end: number },
    algorithms: readonly ChecksumAlgorithm[],
    dataKeys?: DataKeys,
  ): Promise<StagedPart>
  discardPart(upload: Upload, staged: StagedPart): Promise<void>
  /** NoSuchUpload if it ended meanwhile. Takes over `staged`, also when it throws. */
  putPart(upload: Upload, staged: StagedPart, checksum: UploadedPart['checksum']): Promise<UploadedPart>
  listParts(upload: Upload, after: number, limit: number): Promise<{ parts: UploadedPart[]; next: number | undefined }>
  /**
   * InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest, PreconditionFailed... The same call again after success
   * returns the same version. `checksum` and `objectSizeBytes` are the client's, for the whole object.
   */
  completeUpload(complete: {
    bucket: Bucket
    key: string
    uploadId: string
    parts: readonly RequestedPart[]
    conditions: WriteConditions
    checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
    checksumType?: ChecksumType
    objectSizeBytes?: number
    origin?: Origin | undefined
    imported?: Imported | undefined
    /** From `importAnnotations`. The caller discards them if it throws. */
    annotations?: AnnotationSet | undefined
  }): Promise<ObjectVersion>
  /** NoSuchUpload, PreconditionFailed. */
  abortUpload(bucket: string, key: string, uploadId: string, ifInitiatedMs?: number): Promise<void>

  /** The time that decides about locks: never earlier than any that the store has seen. */
  timeMs(): Promise<number>
  /** The place of a version's bytes, for people; undefined if there is nothing to look at. */
  whereabouts(bucket: string, version: ObjectVersion): Whereabouts | undefined
  /** Compares the next versions with their records. Changes by hand are adopted. */
  compareVersions(stretch: CompareStretch): Promise<Compared>
  /**
   * One step of removing bytes, if they are removed some time after their deletion. Undefined if they are removed at
   * once.
   */
  readonly removeGone: ((run?: RemovalRun) => Promise<RemovedBytes>) | undefined
  /** Files without a record. */
  countLeftovers(signal: AbortSignal): Promise<number>
  /** The background work of the store, in all processes that share it. */
  status(): Promise<WorkStatus[]>
  close(): Promise<void>
}
