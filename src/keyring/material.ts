/** The material of keys: 32 bytes, wrapped by the root key and bound to the key and the material's id. */
import { randomBytes } from 'node:crypto'
import { checksumOf, type KeyDocument, type Material } from './key-document.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'

/** `rotation`: the reason of the rotation. */
export function newMaterial(root: Buffer, keyId: string, at: string, rotation?: Material['rotation']): Material {
  const named = { id: randomBytes(32).toString('hex'), createdAt: at, ...(rotation === undefined ? {} : { rotation }) }
  return wrapMaterial(root, keyId, named, randomBytes(32))
}

export function wrapMaterial(
  root: Buffer,
  keyId: string,
  named: Omit<Material, 'wrapped' | 'checksum'>,
  plaintext: Buffer,
): Material {
  const wrapped = sealBytes(root, plaintext, boundTo(keyId, named.id)).toString('base64')
  return { ...named, wrapped, checksum: checksumOf({ id: named.id, wrapped }) }
}

/** Undefined if it was wrapped by another root key, or for another key. */
export function openMaterial(root: Buffer, keyId: string, { id, wrapped }: Material): Buffer | undefined {
  return openBytes(root, Buffer.from(wrapped, 'base64'), boundTo(keyId, id))
}

/** The id of material that a change removes before the waiting period of its key has ended. */
export function findLostMaterial(before: KeyDocument, after: KeyDocument, nowMs: number): string | undefined {
  const kept = new Set([...after.keys, ...(after.server ? [after.server] : [])].flatMap(idsOf))
  const mayGo = ({ deletesAt }: { readonly deletesAt?: string | undefined }) =>
    deletesAt !== undefined && Date.parse(deletesAt) <= nowMs
  const needed = [...before.keys.filter((key) => !mayGo(key)), ...(before.server ? [before.server] : [])]
  return needed.flatMap(idsOf).find((id) => !kept.has(id))
}

const idsOf = ({ materials }: { readonly materials: readonly Material[] }): string[] => materials.map(({ id }) => id)

const boundTo = (keyId: string, materialId: string): Buffer => Buffer.from(`material ${keyId} ${materialId}`)
