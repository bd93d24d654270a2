/** Rotation of keys: all material is kept, and the last one encrypts. */
import { disableRotation, enableRotation, rotateOnDemand } from '#keyring/changes/rotation.ts'
import type { KeyEntry, Material } from '#keyring/key-document.ts'
import { type KmsRow, keyRow } from './request.ts'
import { rotationDays } from './rules.ts'
import { answerPage, arnOfKey, seconds } from './shapes.ts'

export const rotationRows: readonly KmsRow[] = [
  keyRow(
    'EnableKeyRotation',
    async ({ input, keyring, key }) => {
      const days = input.findNumber('RotationPeriodInDays', rotationDays)
      await enableRotation(keyring, key, days ?? key.rotation?.periodDays ?? rotationDays.usual)
      return undefined
    },
    {
      asked(input) {
        const days = input.findNumber('RotationPeriodInDays', rotationDays)
        return days === undefined ? {} : { keys: { 'kms:rotationperiodindays': String(days) } }
      },
    },
  ),
  keyRow('DisableKeyRotation', async ({ keyring, key }) => {
    await disableRotation(keyring, key)
    return undefined
  }),
  keyRow('GetKeyRotationStatus', ({ key }) => {
    const { rotation, deletesAt } = key
    const isEnabled = rotation !== undefined && deletesAt === undefined
    const status = { KeyId: arnOfKey(key), KeyRotationEnabled: isEnabled }
    if (!isEnabled) return status
    return { ...status, RotationPeriodInDays: rotation.periodDays, NextRotationDate: seconds(rotation.nextAt) }
  }),
  keyRow('RotateKeyOnDemand', async ({ keyring, key }) => ({ KeyId: arnOfKey(await rotateOnDemand(keyring, key)) })),
  keyRow('ListKeyRotations', ({ input, key }) => {
    const isWhole =
      input.findChoice('IncludeKeyMaterial', ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']) === 'ALL_KEY_MATERIAL'
    const { materials } = key
    const list = materials.map((material, at) => ({ material, at })).filter(({ at }) => isWhole || at > 0)
    return answerPage(input, {
      member: 'Rotations',
      list,
      keyOf: ({ at }) => String(at).padStart(8, '0'),
      shape: ({ material }) => rotationShape(key, material),
      usual: 100,
    })
  }),
]

const rotationShape = (key: KeyEntry, material: Material) => ({
  KeyId: arnOfKey(key),
  KeyMaterialId: material.id,
  KeyMaterialState: material === key.materials.at(-1) ? 'CURRENT' : 'NON_CURRENT',
  ...(material.rotation === undefined
    ? {}
    : { RotationDate: seconds(material.createdAt), RotationType: material.rotation }),
})
