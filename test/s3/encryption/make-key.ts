import { randomUUID } from 'node:crypto'
import type { KeyEntry } from '#keyring/key-document.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'

const region = 'us-east-1'

/** The key policy that leaves decisions to the account's own policies. */
const byIdentityPolicies = (account: string) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
})

export interface NewTestKey {
  readonly alias?: string
  readonly policy?: object
  /** The account of `main` by default. */
  readonly account?: string
}

export interface MadeKey {
  readonly id: string
  readonly arn: string
}

export async function makeKey(
  keyring: LocalKeyring,
  { alias, account = '000000000000', policy = byIdentityPolicies(account) }: NewTestKey = {},
): Promise<MadeKey> {
  const id = randomUUID()
  const createdAt = keyring.now()
  const materials = [await keyring.newMaterial(id)]
  const rest = { description: '', isEnabled: true, tags: {}, policy }
  const key: KeyEntry = { id, account, region, manager: 'CUSTOMER', createdAt, materials, ...rest }
  const names =
    alias === undefined ? [] : [{ name: alias, account, region, keyId: id, createdAt, updatedAt: createdAt }]
  await keyring.update((value) => ({
    ...value,
    keys: [...value.keys, key],
    aliases: [...value.aliases, ...names],
  }))
  return { id, arn: `arn:aws:kms:${region}:${account}:key/${id}` }
}

export const changeKey = (keyring: LocalKeyring, { id }: MadeKey, change: Partial<KeyEntry>) =>
  keyring.update((value) => ({
    ...value,
    keys: value.keys.map((key) => (key.id === id ? { ...key, ...change } : key)),
  }))
