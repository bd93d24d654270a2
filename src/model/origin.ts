/** Who asked for a change: kept with what happened, for those who are told of it. */
export interface Origin {
  /** ARN, or what stands for it: `anonymous`, or a part of the server itself. */
  readonly principal: string
  /** IP address of the client; empty where there is none. */
  readonly address: string
  readonly requestId: string
  /** As S3 names it: PutObject, CopyObject, CompleteMultipartUpload... */
  readonly operation: string
}

/** A file was put into a bucket's folder, changed or removed there. */
export const changedByHand: Origin = Object.freeze({
  principal: 'file-system',
  address: '',
  requestId: '',
  operation: 'FileSystem',
})

/** What the server does by itself. */
export const byServer = (operation: string): Origin => ({ principal: 'server', address: '', requestId: '', operation })
