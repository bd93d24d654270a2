/** Rotation: a key gets new material, and keeps the old one for decryption. */
import type { KeyEntry, Material } from '#keyring/key-document.ts'
import { assertUsable, stateOf } from '#keyring/key-lookup.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { changeKey, refuseManaged } from './change-key.ts'

const dayMs = 86_400_000

/** The errors of `assertUsable`. */
export function enableRotation(keyring: LocalKeyring, key: KeyEntry, periodDays: number): Promise<KeyEntry> {
  refuseManaged(key)
  return changeKey(keyring, key, (now) => {
    assertUsable(now)
    // A new period counts from the last rotation, or from the creation of the key.
    const sinceMs = Date.parse(now.materials.at(-1)?.createdAt ?? now.createdAt)
    const isSame = now.rotation?.periodDays === periodDays
    return isSame ? now : { ...now, rotation: { periodDays, nextAt: later(keyring, sinceMs, periodDays) } }
  })
}

/** The errors of `assertUsable`. */
export function disableRotation(keyring: LocalKeyring, key: KeyEntry): Promise<KeyEntry> {
  refuseManaged(key)
  return changeKey(keyring, key, (now) => {
    assertUsable(now)
    const { rotation: _, ...kept } = now
    return kept
  })
}

/** The errors of `assertUsable`, KMS.LimitExceededException, KMS.KeyUnavailableException. */
export async function rotateOnDemand(keyring: LocalKeyring, key: KeyEntry): Promise<KeyEntry> {
  refuseManaged(key)
  assertUsable(key)
  const material = await keyring.newMaterial(key.id, 'ON_DEMAND')
  return changeKey(keyring, key, (now) => {
    assertUsable(now)
    if (now.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length >= limits.rotationsOnDemandMax) {
      throw new ApiError('KMS.LimitExceededException', {
        message: `A key can be rotated on demand ${limits.rotationsOnDemandMax} times.`,
      })
    }
    return { ...now, materials: [...now.materials, material] }
  })
}

/** Rotates the keys that are due. Returns how many. */
export async function rotateDueKeys(keyring: LocalKeyring): Promise<number> {
  let count = 0
  for (const key of keyring.keys.keys.filter((one) => isDue(keyring, one))) {
    const material = await keyring.newMaterial(key.id, 'AUTOMATIC')
    await changeKey(keyring, key, (now) => rotated(keyring, now, material))
    count++
  }
  return count
}

function rotated(keyring: LocalKeyring, key: KeyEntry, material: Material): KeyEntry {
  const { rotation, materials } = key
  // Another process may have rotated it meanwhile.
  if (rotation === undefined || !isDue(keyring, key)) return key
  const nextAt = later(keyring, Date.parse(keyring.now()), rotation.periodDays)
  return { ...key, materials: [...materials, material], rotation: { ...rotation, nextAt } }
}

function isDue(keyring: LocalKeyring, key: KeyEntry): boolean {
  const { rotation } = key
  const isOver = rotation !== undefined && Date.parse(rotation.nextAt) <= Date.parse(keyring.now())
  return isOver && stateOf(key) === 'Enabled'
}

/** Never in the past. */
function later(keyring: LocalKeyring, sinceMs: number, periodDays: number): string {
  const atMs = Math.max(sinceMs + periodDays * dayMs, Date.parse(keyring.now()))
  return new Date(atMs).toISOString()
}
