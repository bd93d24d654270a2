/** Which endpoint of the API a request is for. */
import type { IncomingMessage } from 'node:http'
import { isJsonRequest } from '#http/aws-json/recognize.ts'
import type { JsonService } from '#http/aws-json/service.ts'
import { isQueryRequest } from '#http/aws-query/recognize.ts'
import { createAddressReader } from '#s3/request/address.ts'

/** `query`: IAM and STS. `json`: KMS. `own`: our own paths, and the probes of MinIO. */
export type RequestKind = 'query' | 'json' | 'own' | 's3'
type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

const ownPath = /^\/(healthz|minio\/(health|admin|kms|metrics|prometheus|v2)|presign|bucket-policy|_)(\/|\?|$)/

export interface RequestKinds {
  kindOf(request: IncomingMessage): RequestKind
  /** Whether the request is for S3. A preflight counts as the request that it asks for. */
  isOfS3(request: IncomingMessage): boolean
}

/** A request that names its bucket in the host is always for S3: its key may look like one of our own paths. */
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
  // A POST to `/` is a form for IAM or STS: S3 has no such operation.
  return { method: asked, url, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }
}
