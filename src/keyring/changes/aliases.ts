/** Names of keys, each unique in its account and region. */
import type { KeyPlace } from '#keyring/data-keys.ts'
import type { Alias, KeyEntry } from '#keyring/key-document.ts'
import { aliasArn, aliasNotFound, findAlias } from '#keyring/key-lookup.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { refuseManaged, refusePending } from './change-key.ts'

const prefix = 'alias/'
const guide = 'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'

/** ValidationException, KMS.NotAuthorizedException. */
export function assertAliasName(name: string): void {
  const fail = (message: string) => new ApiError('ValidationException', { message })
  if (!name.startsWith(prefix)) throw fail(`Alias must start with the prefix "${prefix}". Please see ${guide}`)
  if (!/^alias\/[\w/-]+$/.test(name)) throw fail(`${name} contains invalid characters for an alias`)
  if (name.startsWith('alias/aws/')) throw new ApiError('KMS.NotAuthorizedException')
}

/** KMS.AlreadyExistsException, KMS.KMSInvalidStateException, KMS.LimitExceededException. */
export async function createAlias(keyring: LocalKeyring, place: KeyPlace, name: string, key: KeyEntry): Promise<void> {
  assertAliasName(name)
  refuseManaged(key)
  const at = keyring.now()
  await keyring.update((value) => {
    const target = presentKey(value.keys, key)
    if (findAlias(value, name, place) !== undefined) {
      throw new ApiError('KMS.AlreadyExistsException', {
        message: `An alias with the name ${aliasArn(place, name)} already exists`,
      })
    }
    const { length: count } = value.aliases.filter(({ keyId }) => keyId === target.id)
    if (count >= limits.aliasesOfKeyMax) {
      throw new ApiError('KMS.LimitExceededException', { message: `A key may have ${limits.aliasesOfKeyMax} aliases.` })
    }
    const { account, region } = place
    return {
      ...value,
      aliases: [...value.aliases, { name, account, region, keyId: target.id, createdAt: at, updatedAt: at }],
    }
  })
}

/** Moves the name to another key. KMS.NotFoundException, KMS.KMSInvalidStateException. */
export async function updateAlias(keyring: LocalKeyring, alias: Alias, key: KeyEntry): Promise<void> {
  assertAliasName(alias.name)
  refuseManaged(key)
  await keyring.update((value) => {
    const target = presentKey(value.keys, key)
    const now = getAlias(value.aliases, alias)
    const moved = { ...now, keyId: target.id, updatedAt: keyring.now() }
    return { ...value, aliases: value.aliases.map((one) => (one === now ? moved : one)) }
  })
}

/** KMS.NotFoundException. */
export async function deleteAlias(keyring: LocalKeyring, alias: Alias): Promise<void> {
  assertAliasName(alias.name)
  await keyring.update((value) => {
    const now = getAlias(value.aliases, alias)
    return { ...value, aliases: value.aliases.filter((one) => one !== now) }
  })
}

/** KMS.NotFoundException, KMS.KMSInvalidStateException. */
function presentKey(keys: readonly KeyEntry[], { id }: KeyEntry): KeyEntry {
  const key = keys.find((one) => one.id === id)
  if (key === undefined) throw new ApiError('KMS.NotFoundException', { message: `Key '${id}' does not exist` })
  refusePending(key)
  return key
}

function getAlias(aliases: readonly Alias[], { name, account, region }: Alias): Alias {
  const found = aliases.find((one) => one.name === name && one.account === account && one.region === region)
  if (found === undefined) throw aliasNotFound({ account, region }, name)
  return found
}
