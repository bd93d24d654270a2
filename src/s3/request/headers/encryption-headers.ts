/** Headers of encryption in requests and answers. */
import type { ObjectEncryption } from '#model/object/encryption.ts'
import { type CustomerKey, hasCustomerKey, ofCopySource, readCustomerKey } from '#objects/encryption/customer-key.ts'
import {
  methodHeader,
  type RequestedEncryption,
  refuseMethodHeaders,
  requestedEncryption,
} from '#objects/encryption/requested-encryption.ts'
import type { S3Request, Services } from '#s3/operation.ts'

type Received = Pick<S3Request, 'headers' | 'bucket' | 'facts'>

const isPrivate = ({ facts }: Received, { gatekeeper }: Services) => gatekeeper.isPrivate(facts)

/** The encryption in a request that writes an object. */
export function encryptionOfWrite(request: Received, services: Services): RequestedEncryption {
  const { headers, bucket } = request
  return requestedEncryption(headers, { bucket, isPrivate: () => isPrivate(request, services) })
}

/** The customer key in a request that reads an object. */
export function keyOfRead(request: Received, services: Services): CustomerKey | undefined {
  refuseMethodHeaders(request.headers)
  return givenKey(request, services)
}

/** The customer key in a request on an existing object or upload. */
export function givenKey(request: Received, services: Services): CustomerKey | undefined {
  const { headers } = request
  return hasCustomerKey(headers) ? readCustomerKey(headers, { isPrivate: isPrivate(request, services) }) : undefined
}

/** The customer key of the source of a copy. */
export function keyOfSource(request: Received, services: Services): CustomerKey | undefined {
  const { headers } = request
  if (!hasCustomerKey(headers, ofCopySource)) return undefined
  return readCustomerKey(headers, { isPrivate: isPrivate(request, services), prefix: ofCopySource })
}

/** The headers of an answer about an object, encrypted or not. */
export function encryptionHeaders(
  encryption: ObjectEncryption | undefined,
  customerKey?: CustomerKey,
): Record<string, string> {
  if (encryption === undefined) return {}
  const { method, keyArn, isBucketKeyEnabled } = encryption
  if (method === 'SSE-C') {
    if (customerKey === undefined) return {}
    return {
      [`${methodHeader}-customer-algorithm`]: 'AES256',
      [`${methodHeader}-customer-key-md5`]: customerKey.md5,
    }
  }
  return {
    [methodHeader]: method,
    ...(keyArn !== undefined && { [`${methodHeader}-aws-kms-key-id`]: keyArn }),
    ...(isBucketKeyEnabled && { [`${methodHeader}-bucket-key-enabled`]: 'true' }),
  }
}

/** The headers of an answer to a write with this encryption. They contain the context too. */
export function writtenEncryptionHeaders(
  encryption: ObjectEncryption | undefined,
  customerKey?: CustomerKey,
): Record<string, string> {
  const headers = encryptionHeaders(encryption, customerKey)
  if (encryption?.context === undefined) return headers
  const context = Buffer.from(JSON.stringify(encryption.context)).toString('base64')
  return { ...headers, [`${methodHeader}-context`]: context }
}
