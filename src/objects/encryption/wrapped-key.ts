/**
 * A data key as a version's record keeps it: wrapped by a wrapping key, which the KMS has wrapped, or which is the customer's. The
 * wrap is bound to bucket and key, so a wrapped key that is put into the record of another object does not open. Each version has
 * a data key of its own: that of another version does not open its bytes. To rename or re-key an object only this is written anew.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

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
const sealedBytes = 32 + 16

/** A key that wraps data keys, and how it is kept. */
export interface WrappingKey {
  readonly plaintext: Buffer
  /** Empty where the client has it. */
  readonly wrapped: Buffer
}

export function wrapDataKey(dataKey: Buffer, { plaintext, wrapped }: WrappingKey, binding: Binding): string {
  const salt = randomBytes(saltBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(plaintext, salt), nonce, { authTagLength: 16 })
  cipher.setAAD(encodeBinding(binding))
  const sealed = Buffer.concat([cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
  return Buffer.concat([Buffer.from([format]), salt, sealed, wrapped]).toString('base64')
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
  const decipher = createDecipheriv('aes-256-gcm', keyOf(wrappingKey, salt), nonce, { authTagLength: 16 })
  decipher.setAAD(encodeBinding(binding)).setAuthTag(sealed.subarray(32))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, 32)), decipher.final()])
  } catch {
    return undefined
  }
}

/** The salt makes a key that is used once, whatever the wrapping key has wrapped before. */
const keyOf = (wrappingKey: Buffer, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', wrappingKey, salt, 'myfsio wraps a data key', 32))

const nonce = Buffer.alloc(12)

/** No name holds NUL. */
const encodeBinding = ({ bucket, key }: Binding): Buffer => Buffer.from(`${bucket}\0${key}`)
