/**
 * The encryption that a request names, in headers or in fields of a form.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html and
 * ServerSideEncryptionCustomerKeys.html
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Bucket } from '#model/bucket/bucket.ts'
import { blocksCustomerKeys, type DefaultMethod, defaultMethods } from '#model/bucket/bucket-encryption.ts'
import { ApiError } from '#model/errors.ts'
import type { EncryptionContext } from '#model/object/encryption.ts'
import { type CustomerKey, hasCustomerKey, invalidArgument, readCustomerKey } from './customer-key.ts'

/** Without any field, the bucket's rule decides. */
export interface RequestedEncryption {
  readonly method?: DefaultMethod
  /** Id, ARN, alias name or alias ARN. */
  readonly keyId?: string
  readonly context?: EncryptionContext
  readonly usesBucketKey?: boolean
  /** SSE-C; then there is no other method. */
  readonly customerKey?: CustomerKey
}

export const methodHeader = 'x-amz-server-side-encryption'
const keyIdHeader = `${methodHeader}-aws-kms-key-id`
const contextHeader = `${methodHeader}-context`
const bucketKeyHeader = `${methodHeader}-bucket-key-enabled`

interface Circumstances {
  /** The bucket of the new object. */
  readonly bucket: Bucket
  /** Whether the connection keeps a key secret. */
  readonly isPrivate: () => boolean
}

/**
 * For a request that writes an object. AccessDenied for a method that the bucket blocks; InvalidArgument,
 * InvalidRequest.
 */
export function requestedEncryption(
  headers: IncomingHttpHeaders,
  { bucket, isPrivate }: Circumstances,
): RequestedEncryption {
  const text = (name: string) => (headers[name] === undefined ? undefined : String(headers[name]))
  const method = text(methodHeader)
  if (hasCustomerKey(headers)) {
    if (blocksCustomerKeys(bucket)) throw new ApiError('AccessDenied')
    return { customerKey: readCustomerKey(headers, { isPrivate: isPrivate(), method, isOfWrite: true }) }
  }
  const known = defaultMethods.find((one) => one === method)
  if (method !== undefined && known === undefined) {
    throw invalidArgument('The encryption method specified is not supported', method)
  }
  const keyId = text(keyIdHeader)
  const context = text(contextHeader)
  const usesKms = known === 'aws:kms' || known === 'aws:kms:dsse'
  if (!usesKms && (keyId !== undefined || context !== undefined)) {
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      method,
    )
  }
  const usesBucketKey = parseBucketKey(text(bucketKeyHeader), known)
  return {
    ...(known !== undefined && { method: known }),
    ...(keyId !== undefined && { keyId }),
    ...(context !== undefined && { context: parseContext(context) }),
    ...(usesBucketKey !== undefined && { usesBucketKey }),
  }
}

/** InvalidArgument: a read takes the method from the object. */
export function refuseMethodHeaders(headers: IncomingHttpHeaders): void {
  for (const name of [methodHeader, keyIdHeader, contextHeader, bucketKeyHeader]) {
    const value = headers[name]
    if (value === undefined) continue
    throw new ApiError('InvalidArgument', {
      message: `${methodHeader} header is not supported for this operation.`,
      fields: { ArgumentName: name, ArgumentValue: String(value) },
    })
  }
}

function parseBucketKey(text: string | undefined, method: DefaultMethod | undefined): boolean | undefined {
  if (text === undefined) return undefined
  const value = text.toLowerCase()
  const isTrue = value === 'true'
  if (!isTrue && value !== 'false') {
    throw new ApiError('InvalidArgument', {
      message: `The value of ${bucketKeyHeader} must be true or false.`,
      fields: { ArgumentName: bucketKeyHeader, ArgumentValue: text },
    })
  }
  if (isTrue && method === 'aws:kms:dsse') {
    throw new ApiError('InvalidArgument', {
      message: 'S3 Bucket Keys are not supported for dual-layer server-side encryption with AWS KMS keys (DSSE-KMS).',
      fields: { ArgumentName: bucketKeyHeader, ArgumentValue: text },
    })
  }
  return isTrue
}

function parseContext(header: string): EncryptionContext {
  const pairs = decodeJson(header)
  const isMap = typeof pairs === 'object' && pairs !== null && !Array.isArray(pairs)
  if (isMap && Object.values(pairs).every((value) => typeof value === 'string')) return pairs as EncryptionContext
  throw new ApiError('InvalidArgument', {
    message: `The header '${contextHeader}' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map`,
    fields: { ArgumentName: contextHeader, ArgumentValue: header },
  })
}

/** Undefined if it is not JSON in base64. */
function decodeJson(base64: string): unknown {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64')))
  } catch {
    return undefined
  }
}
