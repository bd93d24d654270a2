/** Operations that create, describe, list, enable, disable and delete keys. */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { JsonInput } from '#http/aws-json/input.ts'
import { changeKey, refuseManaged, refusePending } from '#keyring/changes/change-key.ts'
import { createKey, defaultKeyPolicy } from '#keyring/changes/create-key.ts'
import { cancelDeletion, scheduleDeletion, setEnabled } from '#keyring/changes/key-state.ts'
import { arnOfName, findAlias, stateOf } from '#keyring/key-lookup.ts'
import { managedAlias } from '#keyring/managed-keys.ts'
import { ApiError } from '#model/errors.ts'
import { readKeyPolicy, refuseLockout } from './policies.ts'
import { type KmsRequest, type KmsRow, keyRow } from './request.ts'
import { rules, windowDays } from './rules.ts'
import { answerPage, arnOfKey, keyMetadata, seconds } from './shapes.ts'
import { readTags } from './tags.ts'

const keySpecs = [
  ...['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1'],
  ...['SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512', 'SM2'],
  ...['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87', 'ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024', 'ECC_NIST_EDWARDS25519'],
]
const keyUsages = ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT', 'ENCAPSULATE_DECAPSULATE']
const origins = ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']

export const keyRows: readonly KmsRow[] = [
  {
    name: 'CreateKey',
    async run(request) {
      const { input, place, policies, keyring } = request
      refuseOtherKinds(input)
      const description = input.find('Description', rules.description) ?? ''
      const tags = readTags(input)
      const json = input.find('Policy', rules.policy)
      const isMultiRegion = input.findFlag('MultiRegion') ?? false
      request.authorizeArn('kms:CreateKey', '*', newKeyConditions(input, isMultiRegion))
      if (Object.keys(tags).length > 0) request.authorizeArn('kms:TagResource', '*')
      const held = json === undefined ? policies.parse(JSON.stringify(defaultKeyPolicy(place.account))) : undefined
      const policy = held ?? readKeyPolicy(request, json ?? '')
      if (json !== undefined) refuseLockoutOfNew(request, policy, tags)
      const key = await createKey(keyring, { place, description, tags, isMultiRegion, ...policy })
      return { KeyMetadata: keyMetadata(key) }
    },
  },
  {
    name: 'DescribeKey',
    async run(request) {
      const { input, keyring, place } = request
      const keyId = input.get('KeyId', rules.keyId)
      if (keyId === managedAlias('s3') && findAlias(keyring.keys, keyId, place) === undefined) {
        // AWS creates its managed keys when they are first requested.
        request.authorizeArn('kms:DescribeKey', arnOfName('*', place))
        await keyring.managedKey('s3', place)
      }
      return { KeyMetadata: keyMetadata(request.authorizedKey('kms:DescribeKey', keyId)) }
    },
  },
  {
    name: 'ListKeys',
    run(request) {
      const { input, keyring, place } = request
      request.authorizeArn('kms:ListKeys', '*')
      const list = keyring.keys.keys.filter((key) => key.account === place.account && key.region === place.region)
      return answerPage(input, {
        member: 'Keys',
        list,
        keyOf: ({ id }) => id,
        shape: (key) => ({ KeyId: key.id, KeyArn: arnOfKey(key) }),
        usual: 100,
      })
    },
  },
  keyRow('EnableKey', async ({ keyring, key }) => {
    await setEnabled(keyring, key, true)
    return undefined
  }),
  keyRow('DisableKey', async ({ keyring, key }) => {
    await setEnabled(keyring, key, false)
    return undefined
  }),
  keyRow('UpdateKeyDescription', async ({ input, keyring, key }) => {
    const description = input.find('Description', rules.description)
    if (description === undefined) throw input.missing('Description')
    refuseManaged(key)
    await changeKey(keyring, key, (now) => {
      refusePending(now)
      return { ...now, description }
    })
    return undefined
  }),
  keyRow(
    'ScheduleKeyDeletion',
    async ({ input, keyring, key }) => {
      const days = readWindow(input)
      const pending = await scheduleDeletion(keyring, key, days)
      return {
        KeyId: arnOfKey(pending),
        DeletionDate: seconds(pending.deletesAt ?? ''),
        KeyState: stateOf(pending),
        PendingWindowInDays: days,
      }
    },
    { asked: (input) => ({ keys: { 'kms:schedulekeydeletionpendingwindowindays': String(readWindow(input)) } }) },
  ),
  keyRow('CancelKeyDeletion', async ({ keyring, key }) => ({ KeyId: arnOfKey(await cancelDeletion(keyring, key)) })),
]

const readWindow = (input: JsonInput): number => input.findNumber('PendingWindowInDays', windowDays) ?? windowDays.usual

/**
 * ValidationException for values that AWS does not have, KMS.UnsupportedOperationException for those that this server
 * does not have.
 */
function refuseOtherKinds(input: JsonInput): void {
  const spec = input.findChoice('KeySpec', keySpecs) ?? input.findChoice('CustomerMasterKeySpec', keySpecs)
  const usage = input.findChoice('KeyUsage', keyUsages)
  const origin = input.findChoice('Origin', origins)
  const isOther = (value: string | undefined, ours: string) => value !== undefined && value !== ours
  if (isOther(spec, 'SYMMETRIC_DEFAULT') || isOther(usage, 'ENCRYPT_DECRYPT') || isOther(origin, 'AWS_KMS')) {
    throw new ApiError('KMS.UnsupportedOperationException', {
      message: 'Only symmetric encryption keys with key material of this server are supported.',
    })
  }
  if (input.has('CustomKeyStoreId') || input.has('XksKeyId')) throw new ApiError('KMS.UnsupportedOperationException')
}

function newKeyConditions(input: JsonInput, isMultiRegion: boolean): ConditionKeys {
  return {
    'kms:keyspec': 'SYMMETRIC_DEFAULT',
    'kms:keyusage': 'ENCRYPT_DECRYPT',
    'kms:keyorigin': 'AWS_KMS',
    'kms:multiregion': String(isMultiRegion),
    'kms:bypasspolicylockoutsafetycheck': String(input.findFlag('BypassPolicyLockoutSafetyCheck') ?? false),
    ...(isMultiRegion ? { 'kms:multiregionkeytype': 'PRIMARY' } : {}),
  }
}

function refuseLockoutOfNew(
  request: KmsRequest,
  policy: ReturnType<typeof readKeyPolicy>,
  tags: Record<string, string>,
): void {
  const { place, keyring } = request
  const { account, region } = place
  const createdAt = keyring.now()
  const common = { id: 'new', description: '', isEnabled: true, manager: 'CUSTOMER', materials: [] } as const
  refuseLockout(request, { ...common, account, region, createdAt, tags, materials: [], ...policy })
}
