/**
 * The format of ciphertext: `version ‖ key id ‖ material id ‖ salt ‖ encrypted bytes`. The material is never used
 * directly: each ciphertext has a key derived with its salt, so the number of data keys is not limited. All fields
 * before the encrypted bytes, and the encryption context, are authenticated.
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import type { EncryptionContext } from '#model/object/encryption.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'

const version = 1
const keyIdBytes = 36
const materialIdBytes = 32
const saltBytes = 16
const headerBytes = 1 + keyIdBytes + materialIdBytes + saltBytes

export interface MaterialName {
  /** 36 characters. */
  readonly keyId: string
  /** 64 hex digits. */
  readonly materialId: string
}

export function encrypt(
  { keyId, materialId }: MaterialName,
  material: Buffer,
  plaintext: Buffer,
  context: EncryptionContext,
): Buffer {
  const names = [Buffer.from([version]), Buffer.from(keyId, 'latin1'), Buffer.from(materialId, 'hex')]
  const header = Buffer.concat([...names, randomBytes(saltBytes)])
  return Buffer.concat([header, sealBytes(keyOf(material, header), plaintext, boundTo(header, context))])
}

/** Undefined if it is not ciphertext of a key. */
export function nameIn(ciphertext: Buffer): MaterialName | undefined {
  if (ciphertext.length <= headerBytes || ciphertext[0] !== version) return undefined
  const materialAt = 1 + keyIdBytes
  return {
    keyId: ciphertext.toString('latin1', 1, materialAt),
    materialId: ciphertext.toString('hex', materialAt, materialAt + materialIdBytes),
  }
}

/** Undefined if it was changed, or the context is another. */
export function decrypt(material: Buffer, ciphertext: Buffer, context: EncryptionContext): Buffer | undefined {
  const header = ciphertext.subarray(0, headerBytes)
  return openBytes(keyOf(material, header), ciphertext.subarray(headerBytes), boundTo(header, context))
}

const keyOf = (material: Buffer, header: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', material, header.subarray(-saltBytes), 'myfsio kms', 32))

/** The order of the pairs does not count. */
function boundTo(header: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1))
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))])
}
