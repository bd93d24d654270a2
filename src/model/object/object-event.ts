/**
 * `created`: a new version is current. `removed`: a version was removed. `marked`: a delete marker was created.
 * `changed`: tags, ACL or other attributes of an existing version changed.
 */
export type ObjectChange = 'created' | 'removed' | 'marked' | 'changed'

/** The cause of the change. `FileSystem`: a person put, changed or removed a file in a bucket's folder. */
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

/** A change of a version, as the outbox of its bucket keeps it. */
export interface ObjectEvent {
  readonly what: ObjectChange
  readonly cause: ChangeCause
  readonly atMs: number
  readonly key: string
  readonly versionId: string
  /** Later changes of a key sort first, as its versions do. */
  readonly order: string
  readonly sizeBytes: number
  readonly etag: string
  /** Canonical id and access key of the requester; absent without a request. */
  readonly principal?: { readonly canonicalId: string; readonly accessKeyId: string }
  readonly address?: string
  readonly requestId?: string
}
