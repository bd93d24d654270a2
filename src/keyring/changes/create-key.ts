import { randomUUID } from 'node:crypto'
import type { KeyPlace } from '#keyring/data-keys.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { accountPart } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

export interface NewKey extends Pick<KeyEntry, 'description' | 'tags' | 'policy' | 'principals'> {
  readonly place: KeyPlace
  readonly isMultiRegion?: boolean
}

/** KMS.LimitExceededException, KMS.KeyUnavailableException. */
export async function createKey(keyring: LocalKeyring, { place, isMultiRegion, ...given }: NewKey): Promise<KeyEntry> {
  const key = await newKey(keyring, { place, isMultiRegion: isMultiRegion === true, ...given })
  await keyring.update((value) => {
    const isOfAccount = ({ account }: KeyEntry) => account === place.account
    if (value.keys.filter(isOfAccount).length >= limits.keysOfAccountMax) {
      throw new ApiError('KMS.LimitExceededException', {
        message: `An account may have ${limits.keysOfAccountMax} keys.`,
      })
    }
    return { ...value, keys: [...value.keys, key] }
  })
  return key
}

/** The key is not part of the document yet. */
export async function newKey(keyring: LocalKeyring, { place, isMultiRegion, ...given }: NewKey): Promise<KeyEntry> {
  const { account, region } = place
  const id = isMultiRegion === true ? `mrk-${randomUUID().replaceAll('-', '')}` : randomUUID()
  const materials = [await keyring.newMaterial(id)]
  return { id, account, region, manager: 'CUSTOMER', createdAt: keyring.now(), isEnabled: true, ...given, materials }
}

/** Leaves all decisions to the identity policies of the account. */
export const defaultKeyPolicy = (account: string): Record<string, unknown> => ({
  Version: '2012-10-17',
  Id: 'key-default-1',
  Statement: [
    {
      Sid: 'Enable IAM User Permissions',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountPart(account)}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
})
