/** Where the bytes are, of BLOBS_URL and its credentials. */
export interface UpstreamSettings {
  readonly bucket: string
  /** Empty, or ends with a slash. */
  readonly prefix: string
  /** Undefined: AWS's own, of the region. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly isPathStyle: boolean
  /** The upstream may do nothing for so long. */
  readonly timeoutMs: number
  /** Undefined: the default chain of the SDK. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
}
