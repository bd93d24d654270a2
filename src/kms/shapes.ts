/** Keys as AWS's members, with names of the service model of @aws-sdk/client-kms. */
import type { JsonInput } from '#http/aws-json/input.ts'
import type { JsonValue } from '#http/aws-json/service.ts'
import { pageOfList } from '#http/aws-service/page.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { keyArn, stateOf } from '#keyring/key-lookup.ts'
import { accountPart } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { rules } from './rules.ts'

export const arnOfKey = (key: KeyEntry): string => keyArn(key, key.id)

/** Seconds since 1970. */
export const seconds = (iso: string): number => Date.parse(iso) / 1000

export function keyMetadata(key: KeyEntry): JsonValue {
  const { id, account, region, deletesAt, materials } = key
  const state = stateOf(key)
  const isMultiRegion = id.startsWith('mrk-')
  return {
    AWSAccountId: accountPart(account),
    KeyId: id,
    Arn: arnOfKey(key),
    CreationDate: seconds(key.createdAt),
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: state,
    ...(deletesAt === undefined ? {} : { DeletionDate: seconds(deletesAt) }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: isMultiRegion,
    ...(isMultiRegion ? { MultiRegionConfiguration: multiRegion(arnOfKey(key), region) } : {}),
    CurrentKeyMaterialId: materials.at(-1)?.id,
  }
}

/** There are no replicas: this server does not have ReplicateKey. */
const multiRegion = (Arn: string, Region: string): JsonValue => ({
  MultiRegionKeyType: 'PRIMARY',
  PrimaryKey: { Arn, Region },
  ReplicaKeys: [],
})

interface ListOf<T> {
  readonly member: string
  readonly list: readonly T[]
  readonly keyOf: (entry: T) => string
  readonly shape: (entry: T) => JsonValue
  /** The items of a page, unless Limit is given. */
  readonly usual: number
  readonly most?: number
}

/** The page of a list that `Limit` and `Marker` request. KMS.InvalidMarkerException. */
export function answerPage<T>(input: JsonInput, { member, list, keyOf, shape, usual, most = 1000 }: ListOf<T>) {
  const max = input.findNumber('Limit', { min: 1, max: most }) ?? usual
  const marker = input.find('Marker', rules.marker)
  if (marker !== undefined && !/^[\w-]+$/.test(marker)) throw new ApiError('KMS.InvalidMarkerException')
  const { items, next } = pageOfList(list, keyOf, { max, marker })
  const more = next === undefined ? {} : { NextMarker: next }
  return { [member]: items.map(shape), Truncated: next !== undefined, ...more }
}
