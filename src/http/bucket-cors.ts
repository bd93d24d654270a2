/**
 * CORS of buckets: preflight requests, and the headers of every other answer. A bucket's rules decide. For buckets
 * without rules the server's settings decide. https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Bucket } from '#model/bucket/bucket.ts'
import {
  type CorsRequest,
  corsHeaders,
  corsMethods,
  corsVary,
  findCorsRule,
  isHeaderName,
  requestedHeaderNames,
} from '#model/bucket/cors.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Store } from '#store/contract.ts'
import type { ServerCors } from './cors.ts'

export type CorsHeaders = Readonly<Record<string, string>>

/** Whether the answer may need CORS headers. Most answers need none and do no work for them. */
export const needsCors = ({ method, headers }: IncomingMessage, bucket: Bucket | undefined): boolean =>
  method !== 'OPTIONS' && (headers.origin !== undefined || bucket?.settings?.includes('cors') === true)

/**
 * The headers that let the page read the answer or the error. Caches must not give one origin's answer to another, so
 * every read from a bucket with rules varies by origin.
 */
export async function answerHeaders(
  { method = '', headers }: IncomingMessage,
  addressed: { readonly bucketName: string; readonly bucket: Bucket | undefined },
  store: Store,
  serverCors: ServerCors | undefined,
): Promise<CorsHeaders> {
  const { origin } = headers
  const bucket = addressed.bucket ?? (await findBucket(addressed.bucketName, store))
  const rules = bucket && (await store.findSetting(bucket, 'cors'))
  if (rules === undefined) return origin === undefined ? {} : (serverCors?.headers(origin) ?? {})
  const asked = origin === undefined ? undefined : requestOf(headers, origin, method)
  const rule = asked && findCorsRule(rules, asked)
  if (asked && rule) return corsHeaders(rule, asked)
  return method === 'GET' || method === 'HEAD' ? { vary: corsVary } : {}
}

async function findBucket(name: string, store: Store): Promise<Bucket | undefined> {
  return name !== '' && name.length <= limits.bucketNameLength ? store.findBucket(name) : undefined
}

/** S3 takes the method from the header whenever it is present. */
function requestOf(headers: IncomingHttpHeaders, origin: string, method: string): CorsRequest {
  return {
    origin,
    method: headers['access-control-request-method'] ?? method,
    headers: requestedHeaderNames(headers['access-control-request-headers']),
  }
}

/**
 * The headers of the answer to a preflight. Browsers send preflights without credentials, so nothing is authenticated
 * here: neither the signature nor the time of a presigned URL is checked. BadRequest, AccessForbidden.
 */
export async function preflightHeaders(
  headers: IncomingHttpHeaders,
  { bucketName, key }: { readonly bucketName: string; readonly key: string },
  store: Store,
  serverCors: ServerCors | undefined,
): Promise<CorsHeaders> {
  const { origin, 'access-control-request-method': method } = headers
  if (origin === undefined) throw badRequest('Insufficient information. Origin request header needed.')
  const bucket = await findBucket(bucketName, store)
  const rules = bucket && (await store.findSetting(bucket, 'cors'))
  const forbidden = (message: string, ResourceType: 'BUCKET' | 'OBJECT' = 'BUCKET') =>
    new ApiError('AccessForbidden', {
      message: `CORSResponse: ${message}`,
      fields: { Method: method ?? 'OPTIONS', ResourceType },
    })
  if (rules === undefined) {
    if (serverCors?.allows(origin)) {
      assertMethod(method)
      return serverCors.preflightHeaders({ ...headers, origin })
    }
    throw forbidden(bucket === undefined ? 'Bucket not found' : 'CORS is not enabled for this bucket.')
  }
  assertMethod(method)
  const asked = requestOf(headers, origin, method)
  for (const name of asked.headers) {
    if (!isHeaderName(name)) {
      throw badRequest(`Access-Control-Request-Headers "${name}" contains invalid character.`)
    }
  }
  const rule = findCorsRule(rules, asked)
  if (rule === undefined) throw forbidden(notAllowed, key === '' ? 'BUCKET' : 'OBJECT')
  return corsHeaders(rule, asked)
}

/** The spelling is S3's. */
const notAllowed =
  'This CORS request is not allowed. This is usually because the evalution of Origin, request method / ' +
  "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

function assertMethod(method: string | undefined): asserts method is string {
  if (method !== undefined && corsMethods.includes(method)) return
  throw badRequest(`Invalid Access-Control-Request-Method: ${method ?? null}`)
}

const badRequest = (message: string) => new ApiError('BadRequest', { message })
