/** Which endpoint of the API a request is for. */
import type { IncomingMessage } from 'node:http'
import { isJsonRequest } from '#http/aws-json/recognize.ts'
import type { JsonService } from '#http/aws-json/service.ts'
import { isQueryRequest } from '#http/aws-query/recognize.ts'
import { createAddressReader } from '#s3/request/address.ts'

/** `query`: IAM and STS. `json`: KMS. `own`: our own paths, and those of MinIO's probes. */
export type RequestKind = 'query' | 'json' | 'own' | 's3'
type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

const ownPath = /^\/(healthz|minio\/(health|admin|kms|metrics|prometheus|v2)|presign|bucket-policy|_)(\/|\?|$)/

export interface RequestKinds {
  kindOf(request: IncomingMessage): RequestKind
  /** Whether the request, or the one that a preflight asks for, is for S3. */
  isOfS3(request: IncomingMessage): boolean
}

/** Every request to a bucket that is addressed by host is for S3: a key may look like one of our own paths. */
export function createRequestKinds(virtualHostDomains: readonly string[], kms: JsonService): RequestKinds {
  const readAddress = createAddressReader(virtualHostDomains)
  const hasNoBucketHost = ({ headers }: RequestHead) => readAddress('/', headers.host).bucketName === ''
  const isOwn = (request: RequestHead) => ownPath.test(request.url ?? '') && hasNoBucketHost(request)
  const isQuery = (request: RequestHead) => isQueryRequest(request) && hasNoBucketHost(request)
  const isKms = (request: RequestHead) => isJsonRequest(request, kms) && hasNoBucketHost(request)
  return {
    kindOf: (request) => (isQuery(request) ? 'query' : isKms(request) ? 'json' : isOwn(request) ? 'own' : 's3'),
    isOfS3: (request) => !isOwn(request) && !isQuery(requestAfterPreflight(request)) && !isKms(request),
  }
}

/** The request that a preflight asks for. */
function requestAfterPreflight(request: IncomingMessage): RequestHead {
  const { method, url, headers } = request
  const asked = headers['access-control-request-method']
  if (method !== 'OPTIONS' || asked === undefined) return request
  // A POST to the service itself is a form for IAM or STS: S3 has none there.
  return { method: asked, url, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }
}
