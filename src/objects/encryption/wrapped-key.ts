/**
 * A data key in a version's record: wrapped by a wrapping key, which is wrapped by the KMS or is the customer's. The
 * wrap is bound to bucket and key, so a wrapped key cannot be used in the record of another object. Each version has
 * its own data key, so it cannot decrypt another version. To rename or re-key an object, only this is written again.
 */
import { deriveKey } from '#lib/digest/derive-key.ts'
import { drawRandom } from '#lib/random-pool.ts'
import { aesGcm, tagBytes } from '#lib/system/aes-gcm.ts'

export interface WrappedKey {
  /** The field `wrapped` of its wrapping key. */
  readonly wrapper: Buffer
  readonly salt: Buffer
  /** The encrypted data key and its tag. */
  readonly sealed: Buffer
}

/** The object that a wrapped key is bound to. */
export interface Binding {
  readonly bucket: string
  readonly key: string
}

const format = 1
const saltBytes = 16
const dataKeyBytes = 32
const sealedBytes = dataKeyBytes + tagBytes
const formatByte = Buffer.from([format])

/** A key that wraps data keys, and its stored form. */
export interface WrappingKey {
  readonly plaintext: Buffer
  /** Empty if only the client has the key. */
  readonly wrapped: Buffer
}

export function wrapDataKey(dataKey: Buffer, { plaintext, wrapped }: WrappingKey, binding: Binding): string {
  const salt = drawRandom(saltBytes)
  const sealed = Buffer.alloc(sealedBytes)
  aesGcm().seal({ key: keyOf(plaintext, salt), nonce, identity: encodeBinding(binding) }, dataKey, sealed)
  return Buffer.concat([formatByte, salt, sealed, wrapped]).toString('base64')
}

/** Throws if it was not made by `wrapDataKey`. */
export function decodeWrappedKey(text: string): WrappedKey {
  const bytes = Buffer.from(text, 'base64')
  const wrapperAt = 1 + saltBytes + sealedBytes
  if (bytes[0] !== format || bytes.length < wrapperAt) throw new Error('the wrapped key of an object is damaged')
  return {
    salt: bytes.subarray(1, 1 + saltBytes),
    sealed: bytes.subarray(1 + saltBytes, wrapperAt),
    wrapper: bytes.subarray(wrapperAt),
  }
}

/** Undefined if the wrapping key is wrong, or it is the data key of another object. */
export function unwrapDataKey({ salt, sealed }: WrappedKey, wrappingKey: Buffer, binding: Binding): Buffer | undefined {
  const dataKey = Buffer.alloc(dataKeyBytes)
  const address = { key: keyOf(wrappingKey, salt), nonce, identity: encodeBinding(binding) }
  return aesGcm().open(address, sealed, dataKey) ? dataKey : undefined
}

/** The salt makes each key unique, however many keys the wrapping key has wrapped. */
const keyOf = (wrappingKey: Buffer, salt: Buffer): Buffer => deriveKey(wrappingKey, purpose, salt)

const purpose = Buffer.from('myfsio wraps a data key')

const nonce = Buffer.alloc(12)

/** Names contain no NUL. */
const encodeBinding = ({ bucket, key }: Binding): Buffer => Buffer.from(`${bucket}\0${key}`)
