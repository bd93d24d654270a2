/** Where the bytes are: the parts of BLOBS_URL, and its credentials. */
export interface UpstreamSettings {
  readonly bucket: string
  /** Empty, or ends with a slash. */
  readonly prefix: string
  /** Undefined: the AWS endpoint of the region. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly isPathStyle: boolean
  /** The longest time without progress by the upstream. */
  readonly timeoutMs: number
  /** Undefined: the default credentials of the SDK. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
}
