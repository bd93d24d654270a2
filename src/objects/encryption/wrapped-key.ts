/**
 * A data key as a version's record keeps it: wrapped by a wrapping key, which the KMS has wrapped, or which is the customer's. The
 * wrap is bound to bucket and key, so a wrapped key that is put into the record of another object does not open. Each version has
 * a data key of its own: that of another version does not open its bytes. To rename or re-key an object only this is written anew.
 */
import { deriveKey } from '#lib/digest/derive-key.ts'
import { drawRandom } from '#lib/random-pool.ts'
import { aesGcm, tagBytes } from '#lib/system/aes-gcm.ts'

export interface WrappedKey {
  /** `wrapped` of its wrapping key. */
  readonly wrapper: Buffer
  readonly salt: Buffer
  /** The data key and its tag. */
  readonly sealed: Buffer
}

/** What a wrapped key is good for. */
export interface Binding {
  readonly bucket: string
  readonly key: string
}

const format = 1
const saltBytes = 16
const dataKeyBytes = 32
const sealedBytes = dataKeyBytes + tagBytes
const formatByte = Buffer.from([format])

/** A key that wraps data keys, and how it is kept. */
export interface WrappingKey {
  readonly plaintext: Buffer
  /** Empty where the client has it. */
  readonly wrapped: Buffer
}

export function wrapDataKey(dataKey: Buffer, { plaintext, wrapped }: WrappingKey, binding: Binding): string {
  const salt = drawRandom(saltBytes)
  const sealed = Buffer.alloc(sealedBytes)
  aesGcm().seal({ key: keyOf(plaintext, salt), nonce, identity: encodeBinding(binding) }, dataKey, sealed)
  return Buffer.concat([formatByte, salt, sealed, wrapped]).toString('base64')
}

/** Throws for anything that `wrapDataKey` has not made. */
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

/** Undefined: another wrapping key, or the data key of another object. */
export function unwrapDataKey({ salt, sealed }: WrappedKey, wrappingKey: Buffer, binding: Binding): Buffer | undefined {
  const dataKey = Buffer.alloc(dataKeyBytes)
  const address = { key: keyOf(wrappingKey, salt), nonce, identity: encodeBinding(binding) }
  return aesGcm().open(address, sealed, dataKey) ? dataKey : undefined
}

/** The salt makes a key that is used once, whatever the wrapping key has wrapped before. */
const keyOf = (wrappingKey: Buffer, salt: Buffer): Buffer => deriveKey(wrappingKey, purpose, salt)

const purpose = Buffer.from('myfsio wraps a data key')

const nonce = Buffer.alloc(12)

/** No name holds NUL. */
const encodeBinding = ({ bucket, key }: Binding): Buffer => Buffer.from(`${bucket}\0${key}`)
