/** A request for signature verification: exactly as received, nothing decoded. */
import type { IncomingHttpHeaders } from 'node:http'
import type { SigningKey } from './signing-key.ts'

export interface SignableRequest {
  readonly method: string
  /** The request target as received: path and query, still encoded. */
  readonly target: string
  /** Names in lower case, as in node:http. */
  readonly headers: IncomingHttpHeaders
  /** Name, value, name, value... as received: repeated headers are still separate. */
  readonly rawHeaders: readonly string[]
  /** Hex, for a body that was read already: the signature must cover exactly this body. */
  readonly bodySha256?: string
}

/** How the body is bound to the signature. */
export type Payload =
  /** Literal x-amz-content-sha256, hex. */
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'unsigned' }
  /** STREAMING-AWS4-HMAC-SHA256-PAYLOAD and -TRAILER: each chunk is signed, chained from the seed signature. */
  | { readonly kind: 'signed-chunks'; readonly trailer: boolean; readonly chain: ChunkChain }
  /** STREAMING-UNSIGNED-PAYLOAD-TRAILER. */
  | { readonly kind: 'unsigned-chunks' }

export interface ChunkChain {
  readonly signingKey: SigningKey
  /** `20261124T020000Z` */
  readonly timestamp: string
  /** `20261124/us-east-1/s3/aws4_request` */
  readonly scope: string
  readonly seedSignature: string
}
