/**
 * The key that a client sends with each request (SSE-C). Neither the key nor a digest of it is stored.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
 */
import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '#model/errors.ts'

export interface CustomerKey {
  /** 32 bytes. */
  readonly bytes: Buffer
  /** As sent; the answer repeats it. */
  readonly md5: string
}

type Prefix = 'x-amz-server-side-encryption-customer-' | 'x-amz-copy-source-server-side-encryption-customer-'

const ofObject: Prefix = 'x-amz-server-side-encryption-customer-'
export const ofCopySource: Prefix = 'x-amz-copy-source-server-side-encryption-customer-'

/** An empty header counts too. */
export const hasCustomerKey = (headers: IncomingHttpHeaders, prefix: Prefix = ofObject): boolean =>
  ['algorithm', 'key', 'key-md5'].some((name) => headers[`${prefix}${name}`] !== undefined)

interface Reading {
  /** Whether the connection keeps the key secret. */
  readonly isPrivate: boolean
  readonly prefix?: Prefix
  /** Another method in the same request. */
  readonly method?: string | undefined
  /** A write needs the digest. A read without it is refused like one with a wrong key. */
  readonly isOfWrite?: true
}

/** InvalidRequest without TLS; InvalidArgument, InvalidEncryptionAlgorithmError; AccessDenied. */
export function readCustomerKey(
  headers: IncomingHttpHeaders,
  { isPrivate, prefix = ofObject, method, isOfWrite }: Reading,
): CustomerKey {
  if (!isPrivate) {
    throw new ApiError('InvalidRequest', {
      message:
        'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.',
    })
  }
  if (method !== undefined) {
    throw invalidArgument(
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      method,
    )
  }
  const [algorithm, key, md5] = ['algorithm', 'key', 'key-md5'].map((name) => headers[`${prefix}${name}`])
  if (algorithm === undefined) {
    throw invalidArgument(`${requests} must provide a valid encryption algorithm.`)
  }
  if (key === undefined) throw invalidArgument(`${requests} must provide an appropriate secret key.`)
  if (algorithm !== 'AES256') {
    throw new ApiError('InvalidEncryptionAlgorithmError', { fields: argumentOf(String(algorithm)) })
  }
  const bytes = decodeKey(String(key))
  if (bytes === undefined) throw unfit()
  if (md5 === undefined) throw isOfWrite ? unfit() : wrongKey()
  if (hash('md5', bytes, 'base64') !== md5) {
    throw invalidArgument('The calculated MD5 hash of the key did not match the hash that was provided.')
  }
  return { bytes, md5 }
}

const requests = 'Requests specifying Server Side Encryption with Customer provided keys'

const unfit = () => invalidArgument('The secret key was invalid for the specified algorithm.')

/** Also for a key that does not decrypt the object. */
export const wrongKey = () =>
  new ApiError('AccessDenied', { message: `${requests} must provide the correct secret key.` })

export const missingCustomerKey = () =>
  new ApiError('InvalidRequest', {
    message:
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
  })

/** AWS names the generic header, whichever is wrong. */
const argumentOf = (value: string | undefined) => ({
  ArgumentName: 'x-amz-server-side-encryption',
  ...(value !== undefined && { ArgumentValue: value }),
})

export const invalidArgument = (message: string, value?: string) =>
  new ApiError('InvalidArgument', { message, fields: argumentOf(value) })

function decodeKey(base64: string): Buffer | undefined {
  const bytes = /^[A-Za-z0-9+/]{43}=$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
  return bytes?.length === 32 ? bytes : undefined
}
