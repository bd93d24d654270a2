/** The material of keys: 32 bytes, wrapped by the root key for one key and one place in it. */
import { randomBytes } from 'node:crypto'
import { checksumOf, type Material } from './key-document.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'

/** `rotation`: why it follows the one before. */
export function newMaterial(root: Buffer, keyId: string, at: string, rotation?: Material['rotation']): Material {
  const id = randomBytes(32).toString('hex')
  const wrapped = sealBytes(root, randomBytes(32), boundTo(keyId, id)).toString('base64')
  const named = { id, wrapped }
  return { ...named, checksum: checksumOf(named), createdAt: at, ...(rotation === undefined ? {} : { rotation }) }
}

/** Undefined: wrapped by another root key, or for another key. */
export function openMaterial(root: Buffer, keyId: string, { id, wrapped }: Material): Buffer | undefined {
  return openBytes(root, Buffer.from(wrapped, 'base64'), boundTo(keyId, id))
}

const boundTo = (keyId: string, materialId: string): Buffer => Buffer.from(`material ${keyId} ${materialId}`)
