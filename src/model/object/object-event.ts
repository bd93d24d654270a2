/**
 * `created`: a version is current that was not there before. `removed`: a version is no more. `marked`: a delete marker was made.
 * `changed`: tags, ACL, or what else is said of a version that stays.
 */
export type ObjectChange = 'created' | 'removed' | 'marked' | 'changed'

/** What brought the change about. `FileSystem`: a file was put into a bucket's folder, changed or removed there. */
export type ChangeCause =
  | 'Put'
  | 'Post'
  | 'Copy'
  | 'CompleteMultipartUpload'
  | 'Rename'
  | 'Delete'
  | 'Change'
  | 'PutAnnotation'
  | 'DeleteAnnotation'
  | 'PutRetention'
  | 'FileSystem'

/** What happened to a version, as the outbox of its bucket keeps it. */
export interface ObjectEvent {
  readonly what: ObjectChange
  readonly cause: ChangeCause
  readonly atMs: number
  readonly key: string
  readonly versionId: string
  /** Of a key later changes sort first, as its versions do. */
  readonly order: string
  readonly sizeBytes: number
  readonly etag: string
  /** Canonical id and access key of the requester; absent without a request. */
  readonly principal?: { readonly canonicalId: string; readonly accessKeyId: string }
  readonly address?: string
  readonly requestId?: string
}
